import { databaseNow } from '../../../platform/databaseClock.ts';

/** The maximum delay in seconds. */
const maxDelaySeconds = 3_600;

/**
 * Seconds until the next attempt after failed attempt `attempt` (from 1): `baseSeconds` × 2^attempt, at most an hour, ± 10 %; or
 * `Retry-After` if that is longer, at most an hour too.
 */
export function retryDelaySeconds(attempt: number, baseSeconds: number, retryAfter = 0, random = Math.random): number {
  const backoff = Math.min(maxDelaySeconds, baseSeconds * 2 ** attempt) * (0.9 + 0.2 * random());
  return Math.max(backoff, Math.min(maxDelaySeconds, retryAfter));
}

/** Seconds of a `Retry-After` header: delay seconds or an HTTP date (RFC 9110, section 10.2.3); 0 if invalid. */
export function parseRetryAfter(text: string | null, now = databaseNow()): number {
  if (text === null) return 0;
  if (/^\d+$/.test(text)) return Number(text);
  const at = text.endsWith(' GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? 0 : Math.max(0, (at - now) / 1_000);
}
