import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Leaves the first moments to the requests that have waited for the start. In milliseconds. */
const delayMs = 1_000;

/**
 * Returns the memory that only the start of this process has used: the young generation has grown to 64 MiB, and V8 keeps it until a full collection, which an
 * idle process does not make. It takes about 30 ms.
 */
export function releaseMemoryOfStart(): void {
  setTimeout(() => {
    // The function is in new contexts only.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: object) => void;
    setFlagsFromString('--no-expose-gc');
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, delayMs).unref();
}
