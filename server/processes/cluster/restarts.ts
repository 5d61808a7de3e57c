/** A process that ends sooner than this after its start counts as one that cannot start, in milliseconds. */
const stableMs = 10_000;
/** The number of such processes within `windowMs` after which no other one is started. */
const maxEarlyEnds = 5;
const windowMs = 60_000;
const firstDelayMs = 250;

/** Decides when an API process that has ended is replaced. */
export type RestartPolicy = {
  /** Call when a process has ended after `livedMs`. Returns the milliseconds until its replacement; undefined if there is to be none. */
  next(livedMs: number): number | undefined;
};

/** The first early end is replaced at once, each further one after twice the time. */
export function createRestartPolicy(now: () => number = () => performance.now()): RestartPolicy {
  let earlyEnds: number[] = [];
  return {
    next(livedMs) {
      if (livedMs >= stableMs) return 0;
      earlyEnds = [...earlyEnds.filter((at) => now() - at < windowMs), now()];
      const before = earlyEnds.length - 1;
      if (before >= maxEarlyEnds - 1) return undefined;
      return before === 0 ? 0 : firstDelayMs * 2 ** (before - 1);
    },
  };
}
