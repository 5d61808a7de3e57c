import { failureOf, timedOut } from './failures.ts';

/** Binds the work of a connection to its time and to the life of the connection. */
export type Guard = {
  broken(): boolean;
  /** From now on all work fails, and what is under way fails at once; the first reason stays. */
  fail(error: Error): void;
  /** Does the work unless `ms` milliseconds pass. Throws a `ToolFailure`, or the reason of the signal. */
  within<T>(ms: number, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

/** The guard of a connection; `hangUp` is called once, when it breaks. */
export function createGuard(hangUp: () => void): Guard {
  const life = new AbortController();
  return {
    broken: () => life.signal.aborted,
    fail(error) {
      if (life.signal.aborted) return;
      life.abort(failureOf(error));
      hangUp();
    },
    async within(ms, signal, work) {
      const late = AbortSignal.timeout(ms);
      try {
        return await aborting(AbortSignal.any([life.signal, late, ...(signal ? [signal] : [])]), work);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (life.signal.aborted) throw life.signal.reason;
        throw late.aborted ? timedOut() : failureOf(error);
      }
    },
  };
}

/** Settles when the signal is aborted, whether the work heeds it or not. */
export async function aborting<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(signal), promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
