import type { JobHeader } from './protocol.ts';

/** What a language reports of its run. `files` are all regular files of the workspace afterwards. */
export type Outcome = { value?: string | undefined; error?: string | undefined; files: Map<string, Uint8Array> };

/** Prepares a language. The returned function runs the code. */
export type Prepare = (job: JobHeader, files: Map<string, Uint8Array>, print: (text: string) => void) => Promise<() => Promise<Outcome>>;
