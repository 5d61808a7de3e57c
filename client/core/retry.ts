import { abortReason, abortWith, forwardAbort } from './abort.ts';
import { ApiError, ConnectionError, TimeoutError } from './errors.ts';
import { onOnline } from './stream/page.ts';

const maxWaitMs = 60_000;
const maxBackoffMs = 10_000;

/** Ends early when the network of a browser is back. Rejects with the signal's reason if it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  let stop = () => {};
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    const stopListening = onOnline(resolve);
    stop = () => {
      clearTimeout(timer);
      stopListening();
    };
  });
  return unlessAborted(over, signal).finally(stop);
}

/** Settles with `promise`, or rejects if the signal aborts first. Does not cancel the work: other callers may await it. */
export function unlessAborted<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortReason(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Runs `work` with a timeout, which `progress` starts again. Rejects with the signal's reason or a TimeoutError, or as `work` does. */
export async function withTimeout<Value>(
  operation: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal, progress: () => void) => Promise<Value>,
) {
  const here = new AbortController();
  const stopForwarding = forwardAbort(signal, here);
  if (here.signal.aborted) throw abortReason(here.signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const progress = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abortWith(here, new TimeoutError(timeoutMs, operation)), timeoutMs);
  };
  progress();
  try {
    return await work(here.signal, progress);
  } catch (error) {
    throw here.signal.aborted ? abortReason(here.signal) : error;
  } finally {
    clearTimeout(timer);
    stopForwarding();
  }
}

/** Awaits the network. Failures become a ConnectionError, or the reason of `signal`. */
export async function overNetwork<Value>(operation: string, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    if (signal.aborted) throw abortReason(signal);
    throw new ConnectionError(`${operation} failed: the server cannot be reached, or the connection broke.`, cause);
  }
}

/** Delay before retry `tries` + 1 in milliseconds; undefined if Retry-After is longer than a minute. */
export function retryDelay(tries: number, delayMs: number, error?: unknown): number | undefined {
  const backOff = Math.min(delayMs * 2 ** tries, maxBackoffMs) * (0.5 + Math.random() / 2);
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return asked > maxWaitMs ? undefined : Math.max(asked, backOff);
}

/** Retries `work` up to `retries` times after errors that allow it. `onRetry` is called before each delay. */
export async function withRetries<Value>(
  limits: {
    retries: number;
    delayMs: number;
    signal: AbortSignal | undefined;
    /** Which errors may be followed by another try. */
    mayRetry: (error: unknown) => boolean;
    onRetry: (attempt: number, error: unknown, delayMs: number) => void;
  },
  work: (attempt: number) => Promise<Value>,
): Promise<Value> {
  for (let tries = 0; ; tries++) {
    try {
      return await work(tries + 1);
    } catch (error) {
      const wait = tries < limits.retries && limits.mayRetry(error) ? retryDelay(tries, limits.delayMs, error) : undefined;
      if (wait === undefined) throw error;
      limits.onRetry(tries + 1, error, wait);
      await pause(wait, limits.signal);
    }
  }
}
