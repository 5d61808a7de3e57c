import { createRecorder } from '../../../client/recorder/recorder.ts';

// Runs in each page before its scripts: the pages send their requests through the recorder.
declare const arkloopNotes: (page: string, notes: string) => void;

if (location.origin.startsWith('http')) {
  const page = String(Math.random());
  const send = globalThis.fetch.bind(globalThis);
  const { fetch } = createRecorder({
    consumer: 'playground',
    baseUrl: location.origin,
    fetch: send,
    onNotes: (notes) => arkloopNotes(page, JSON.stringify(notes)),
  });
  Object.assign(globalThis, { fetch, arkloopRecorder: true });
}
