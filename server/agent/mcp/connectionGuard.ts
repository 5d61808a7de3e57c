import { failureOf, timedOut } from './failures.ts';

/** Binds work on a connection to a timeout and to the life of the connection. */
export type ConnectionGuard = {
  isBroken(): boolean;
  /** Fails all current and future work with the first error. */
  fail(error: Error): void;
  /** Runs `work` for at most `ms` milliseconds. Throws a `ToolFailure`, or the reason of the signal. */
  within<T>(ms: number, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

/** `hangUp` is called once, when the connection breaks. */
export function createConnectionGuard(hangUp: () => void): ConnectionGuard {
  const life = new AbortController();
  return {
    isBroken: () => life.signal.aborted,
    fail(error) {
      if (life.signal.aborted) return;
      life.abort(failureOf(error));
      hangUp();
    },
    async within(ms, signal, work) {
      const late = AbortSignal.timeout(ms);
      try {
        return await raceWithAbort(AbortSignal.any([life.signal, late, ...(signal ? [signal] : [])]), work);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (life.signal.aborted) throw life.signal.reason;
        throw late.aborted ? timedOut() : failureOf(error);
      }
    },
  };
}

/** Rejects when the signal is aborted, even if `work` ignores it. */
export async function raceWithAbort<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
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
