import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The process is idle if its event loop has worked for at most this part of `periodMs`. */
const maxBusyPart = 0.05;
const periodMs = 1_000;

/**
 * Returns the memory that only the start of this process has used, once the process is idle: the young generation has grown to 64 MiB, and V8 keeps it until a
 * full collection, which an idle process does not make. It takes about 30 ms. V8 then shrinks the heap within some ten seconds.
 */
export function releaseMemoryOfStart(): void {
  let since = performance.eventLoopUtilization();
  const looking = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, since);
    since = now;
    if (utilization > maxBusyPart) return;
    clearInterval(looking);
    collectGarbage();
  }, periodMs).unref();
}

function collectGarbage() {
  // The function is in new contexts only.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
