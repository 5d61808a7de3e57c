import { ApiError, ConnectionError, isTransient, TimeoutError } from './errors.ts';

const longestWaitMs = 60_000;
const longestBackOffMs = 10_000;

/** Waits; rejects with the signal's reason as soon as it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return unlessAborted(over, signal).finally(() => clearTimeout(timer));
}

/** What `promise` brings, unless the signal aborts first; the work behind it goes on for others. */
export function unlessAborted<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** One try within a time: rejects with the caller's reason, a refusal, a TimeoutError or a ConnectionError. */
export async function attempt<Value>(timeoutMs: number, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<Value>) {
  signal?.throwIfAborted();
  const here = new AbortController();
  const forward = () => here.abort(signal?.reason);
  const timer = setTimeout(() => here.abort(new TimeoutError(timeoutMs)), timeoutMs);
  signal?.addEventListener('abort', forward, { once: true });
  try {
    return await work(here.signal);
  } catch (error) {
    throw here.signal.aborted ? here.signal.reason : asLost(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

/** A broken connection under its own name; refusals stay what they are. */
export const asLost = (error: unknown) =>
  error instanceof ApiError || error instanceof ConnectionError
    ? error
    : new ConnectionError('The server cannot be reached, or the connection broke.', error);

/** How long to wait before try `tries` + 1; undefined when the server asks for longer than a minute. */
export function waitBefore(tries: number, delayMs: number, error?: unknown): number | undefined {
  const backOff = Math.min(delayMs * 2 ** tries, longestBackOffMs) * (0.5 + Math.random() / 2);
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return asked > longestWaitMs ? undefined : Math.max(asked, backOff);
}

/** Repeats `work` up to `retries` times while trying again may help. */
export async function repeated<Value>(
  { retries, delayMs, signal }: { retries: number; delayMs: number; signal: AbortSignal | undefined },
  work: () => Promise<Value>,
): Promise<Value> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const wait = tries < retries && isTransient(error) ? waitBefore(tries, delayMs, error) : undefined;
      if (wait === undefined) throw error;
      await pause(wait, signal);
    }
  }
}
