import type { Notes } from '../../../client/recorder/notes.ts';
import { createRecorder } from '../../../client/recorder/recorder.ts';

// Runs in each page before its scripts: the pages send their requests through the recorder.
declare const arkloopNotes: (page: string, notes: string) => void;

/** All notes are sent each time, so they are sent rarely. */
const pauseMs = 200;

if (location.origin.startsWith('http')) {
  const page = String(Math.random());
  const send = globalThis.fetch.bind(globalThis);
  let unsent: Notes | undefined;
  const arkloopSendNotes = () => {
    if (unsent) arkloopNotes(page, JSON.stringify(unsent));
    unsent = undefined;
  };
  const { fetch } = createRecorder({
    consumer: 'playground',
    baseUrl: location.origin,
    fetch: send,
    onNotes: (notes) => {
      if (!unsent) setTimeout(arkloopSendNotes, pauseMs);
      unsent = notes;
    },
  });
  addEventListener('pagehide', arkloopSendNotes);
  Object.assign(globalThis, { fetch, arkloopSendNotes, arkloopRecorder: true });
}
