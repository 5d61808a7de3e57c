import { ToolFailure } from '../tools/tool.ts';
import { timedOut } from './failures.ts';

/** A circuit breaker per server version: later runs skip a server that made a run wait. */
export type CircuitBreakers = {
  /**
   * Runs `ask`. After the time limit, rejects but lets `ask` continue; its later success closes the circuit. While the
   * circuit is open, throws the remembered error without calling `ask`.
   */
  run<T>(key: string, ask: () => Promise<T>): Promise<T>;
};

type Failed = { error: unknown; until: number };

/** A failure faster than this does not open the circuit: retrying costs a run little. */
const quickMs = 1_000;
/** How long a circuit stays open. */
const memoryMs = 60_000;
/** Time limit for the first request after a circuit was open. */
const againMs = 1_000;

/** `waitMs`: how long a run waits for a server, in milliseconds. */
export function createCircuitBreakers(waitMs: number): CircuitBreakers {
  const failed = new Map<string, Failed>();
  const remember = (key: string, error: unknown) => {
    const now = performance.now();
    // Forget versions that were not used for another period: they are most likely gone.
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
          // Other errors, such as those of the database, are not the server's fault.
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
