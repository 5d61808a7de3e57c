import { ApiError, ConnectionError, isTransient, TimeoutError } from './errors.ts';

const maxWaitMs = 60_000;
const maxBackoffMs = 10_000;

/** Rejects with the signal's reason if it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return unlessAborted(over, signal).finally(() => clearTimeout(timer));
}

/** Settles with `promise`, or rejects if the signal aborts first. Does not cancel the work: other callers may await it. */
export function unlessAborted<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Runs `work` with a timeout. Rejects with the signal's reason, an ApiError, a TimeoutError or a ConnectionError. */
export async function withTimeout<Value>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Value>,
) {
  signal?.throwIfAborted();
  const here = new AbortController();
  const forward = () => here.abort(signal?.reason);
  const timer = setTimeout(() => here.abort(new TimeoutError(timeoutMs)), timeoutMs);
  signal?.addEventListener('abort', forward, { once: true });
  try {
    return await work(here.signal);
  } catch (error) {
    throw here.signal.aborted ? here.signal.reason : toConnectionError(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

/** Wraps all errors except ApiError and ConnectionError in a ConnectionError. */
export const toConnectionError = (error: unknown) =>
  error instanceof ApiError || error instanceof ConnectionError
    ? error
    : new ConnectionError('The server cannot be reached, or the connection broke.', error);

/** Delay before retry `tries` + 1 in milliseconds; undefined if Retry-After is longer than a minute. */
export function retryDelay(tries: number, delayMs: number, error?: unknown): number | undefined {
  const backOff = Math.min(delayMs * 2 ** tries, maxBackoffMs) * (0.5 + Math.random() / 2);
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return asked > maxWaitMs ? undefined : Math.max(asked, backOff);
}

/** Retries `work` up to `retries` times after transient errors. */
export async function withRetries<Value>(
  { retries, delayMs, signal }: { retries: number; delayMs: number; signal: AbortSignal | undefined },
  work: () => Promise<Value>,
): Promise<Value> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const wait = tries < retries && isTransient(error) ? retryDelay(tries, delayMs, error) : undefined;
      if (wait === undefined) throw error;
      await pause(wait, signal);
    }
  }
}
