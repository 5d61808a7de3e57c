import { performance } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The process is idle if its event loop has worked for at most this part of a period. */
const maxBusyPart = 0.05;
/** Growth of the resident memory that is worth a collection, in bytes. */
const minGrowth = 64 * 2 ** 20;

/**
 * Returns the memory that the start or a load has used, once the process is idle for a period: the young generation has grown to 64 MiB, and V8 keeps it, and
 * the garbage of the old generation, until a full collection, which an idle process does not make. A collection takes 30 to 100 ms. V8 then shrinks the heap
 * within some ten seconds. A load that follows pays for the small young generation: for some seconds, lists take up to 1.6 times the processor time. So short
 * pauses are not enough.
 */
export function releaseMemoryWhenIdle(periodMs = 15_000): void {
  let since = performance.eventLoopUtilization();
  let settled = 0;
  let hasCollected = false;
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, since);
    since = now;
    if (utilization > maxBusyPart) hasCollected = false;
    else if (hasCollected) settled = memoryUsage.rss();
    else if (memoryUsage.rss() > settled + minGrowth) {
      collectGarbage();
      hasCollected = true;
    }
  }, periodMs).unref();
}

function collectGarbage() {
  // The function is in new contexts only.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
