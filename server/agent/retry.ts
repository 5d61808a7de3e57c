import { setTimeout as wait } from 'node:timers/promises';
import { facts } from '../kernel/facts.ts';
import { type Cost, type Model, ModelError, type ModelErrorClass, type ModelEvent, type ModelRequest, type Usage } from './model.ts';

/** A failed attempt that is repeated after `delay_ms`: everything since the last retry is void, except for its usage and cost. */
export type RetryEvent = {
  type: 'retry';
  attempt: number;
  max_attempts: number;
  delay_ms: number;
  error_class: ModelErrorClass;
  message: string;
  details: Record<string, unknown>;
  usage?: Usage;
  cost?: Cost;
};

export type RetryOptions = { maxAttempts: number; baseDelayMs: number; signal: AbortSignal };

const longestWaitMs = 60_000;

/** The pause after a failed attempt: it doubles each time, unless the provider asks for more, up to a minute. */
export function retryDelay(attempt: number, baseDelayMs: number, retryAfterMs = 0): number {
  const backoff = Math.min(baseDelayMs * 2 ** (attempt - 1), longestWaitMs);
  return retryAfterMs <= longestWaitMs ? Math.max(backoff, retryAfterMs) : backoff;
}

/**
 * Ask a model until it answers, at most `maxAttempts` times. Throws the `ModelError` of the last attempt (with the usage of that attempt),
 * or the reason of `signal`, which also ends a pause at once.
 */
export async function* streamWithRetry(
  model: Model,
  request: ModelRequest,
  { maxAttempts, baseDelayMs, signal }: RetryOptions,
): AsyncGenerator<ModelEvent | RetryEvent> {
  for (let attempt = 1; ; attempt++) {
    try {
      return yield* model.stream(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelError) || error.errorClass !== 'provider.retryable' || attempt >= maxAttempts) throw error;
      const { errorClass: error_class, message, details, usage, cost } = error;
      const used = { ...(usage && { usage }), ...(cost && { cost }) };
      const delay_ms = retryDelay(attempt, baseDelayMs, error.retryAfterMs);
      yield { type: 'retry', attempt, max_attempts: maxAttempts, delay_ms, error_class, message, details, ...used };
      facts.modelRetried.tell(undefined);
      await wait(delay_ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
