import { setTimeout as wait } from 'node:timers/promises';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { type Cost, type Model, ModelError, type ModelErrorClass, type ModelEvent, type ModelRequest, type Usage } from './model.ts';

/** A failed attempt that is repeated after `delay_ms`. Discards everything since the previous retry, except for `usage` and `cost`. */
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

const maxDelayMs = 60_000;

/** Exponential backoff, or `Retry-After` if it is longer. Ignores a `Retry-After` of more than a minute. */
export function retryDelay(attempt: number, baseDelayMs: number, retryAfterMs = 0): number {
  const backoff = Math.min(baseDelayMs * 2 ** (attempt - 1), maxDelayMs);
  return retryAfterMs <= maxDelayMs ? Math.max(backoff, retryAfterMs) : backoff;
}

/**
 * Calls a model at most `maxAttempts` times. Throws the `ModelError` of the last attempt (with the usage of that
 * attempt), or the reason of `signal`, which also ends a pause.
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
      metricsEvents.modelRetried.emit(undefined);
      await wait(delay_ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
