import type { Notes } from '../../../client/recorder/notes.ts';
import { createRecorder } from '../../../client/recorder/recorder.ts';

// Runs in each page before its scripts: the pages send their requests through the recorder.
declare const arkloopNotes: (page: string, notes: string) => void;

if (location.origin.startsWith('http')) {
  const page = String(Math.random());
  const send = globalThis.fetch.bind(globalThis);
  let unsent: Notes | undefined;
  const { fetch } = createRecorder({
    consumer: 'playground',
    baseUrl: location.origin,
    fetch: send,
    // A rendering reads hundreds of fields: it sends its notes once, and before the page can be left.
    onNotes: (notes) => {
      if (!unsent)
        queueMicrotask(() => {
          arkloopNotes(page, JSON.stringify(unsent));
          unsent = undefined;
        });
      unsent = notes;
    },
  });
  Object.assign(globalThis, { fetch, arkloopRecorder: true });
}
