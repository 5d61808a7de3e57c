// Records what an application uses of the API, in its own tests.
export { foldNotes as manifestOf } from './fold.ts';
export { type Manifest, mergeManifests, type UsedOperation, type UsedResponse } from './manifest.ts';
export type { Notes } from './notes.ts';
export { createRecorder, type Recorder, type RecorderOptions } from './recorder.ts';
