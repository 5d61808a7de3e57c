import { ToolFailure } from '../tools/tool.ts';
import { timedOut } from './failures.ts';

/** Servers that have held up runs, by their version, so that the next runs do without them. */
export type Circuits = {
  /**
   * What `ask` brings, unless it takes longer than a run waits; then it goes on, and what it brings later ends the waiting of others. While a
   * failure is remembered it is thrown, and nothing is asked.
   */
  run<T>(key: string, ask: () => Promise<T>): Promise<T>;
};

type Failed = { error: unknown; until: number };

/** A failure that comes sooner costs a run little: the server is asked again by the next one. */
const quickMs = 1_000;
/** How long a failure is remembered. */
const memoryMs = 60_000;
/** How long a server that failed before is waited for when it is asked again. */
const againMs = 1_000;

/** A run waits `waitMs` milliseconds for a server, at most. */
export function createCircuits(waitMs: number): Circuits {
  const failed = new Map<string, Failed>();
  const remember = (key: string, error: unknown) => {
    const now = performance.now();
    // A version that has not been asked for as long again is most likely gone.
    for (const [other, { until }] of failed) if (until + memoryMs < now) failed.delete(other);
    failed.set(key, { error, until: now + memoryMs });
  };

  return {
    async run(key, ask) {
      const known = failed.get(key);
      const started = performance.now();
      if (known && known.until > started) throw known.error;
      const asked = ask();
      asked.then(
        () => failed.delete(key),
        (error) => {
          // What else fails on the way, like the database, is no fault of the server.
          if (error instanceof ToolFailure && performance.now() - started >= quickMs) remember(key, error);
        },
      );
      const { promise: late, reject } = Promise.withResolvers<never>();
      const giveUp = () => {
        remember(key, timedOut());
        reject(timedOut());
      };
      const timer = setTimeout(giveUp, known ? Math.min(againMs, waitMs) : waitMs);
      return Promise.race([asked, late]).finally(() => clearTimeout(timer));
    },
  };
}
