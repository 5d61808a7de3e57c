/** A process that serves for less time counts as one that cannot start, in milliseconds. */
export const stableMs = 10_000;
/** The number of such processes in a row after which no other one is started. */
const maxEarlyEnds = 5;
const firstDelayMs = 250;

/** Decides when an API process that has ended is replaced. */
export type RestartPolicy = {
  /** Call when a process has served for `stableMs`. */
  served(): void;
  /** Call when a process has ended. Returns the milliseconds until its replacement; undefined if there is to be none. */
  ended(servedMs: number): number | undefined;
};

/** The first early end is replaced at once, each further one after twice the time. */
export function createRestartPolicy(): RestartPolicy {
  let earlyEnds = 0;
  return {
    served() {
      earlyEnds = 0;
    },
    ended(servedMs) {
      if (servedMs >= stableMs) return 0;
      earlyEnds++;
      if (earlyEnds === maxEarlyEnds) return undefined;
      return earlyEnds === 1 ? 0 : firstDelayMs * 2 ** (earlyEnds - 2);
    },
  };
}
