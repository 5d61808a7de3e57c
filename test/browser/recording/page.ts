import type { Notes } from '../../../client/recorder/notes.ts';
import { createRecorder } from '../../../client/recorder/recorder.ts';

// Runs in each page before its scripts: the pages send their requests through the recorder.
declare const arkloopNotes: (page: string, notes: string) => void;

if (location.origin.startsWith('http')) {
  const page = String(Math.random());
  const send = globalThis.fetch.bind(globalThis);
  let latest: Notes | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const sendNotes = () => {
    clearTimeout(timer);
    timer = undefined;
    if (latest) arkloopNotes(page, JSON.stringify(latest));
  };
  const { fetch } = createRecorder({
    consumer: 'playground',
    baseUrl: location.origin,
    fetch: send,
    // Each message has all notes of the page, and a page reads fields all the time.
    onNotes: (notes) => {
      latest = notes;
      timer ??= setTimeout(sendNotes, 500);
    },
  });
  // What a page sends while it is left can be lost, so the next page sends it again.
  const kept = 'arkloop recorder';
  addEventListener('pagehide', () => latest && sessionStorage.setItem(kept, JSON.stringify([page, JSON.stringify(latest)])));
  const before = sessionStorage.getItem(kept);
  sessionStorage.removeItem(kept);
  if (before) arkloopNotes(...(JSON.parse(before) as [string, string]));
  Object.assign(globalThis, { fetch, arkloopRecorder: { sendNotes } });
}
