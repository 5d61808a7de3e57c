/** Seconds that are waited at most. */
const longest = 3_600;

/**
 * Seconds until the next attempt after failed attempt `attempt` (from 1): the base times 2^attempt, at most an hour, ± 10 %, or what the
 * receiver asked for with `Retry-After` when that is more (specification, platform 7.3).
 */
export function waitAfter(attempt: number, baseSeconds: number, retryAfter = 0, random = Math.random): number {
  const backoff = Math.min(longest, baseSeconds * 2 ** attempt) * (0.9 + 0.2 * random());
  return Math.max(backoff, Math.min(longest, retryAfter));
}

/** Seconds that a `Retry-After` asks for: digits, or a date (RFC 9110, 10.2.3); 0 for anything else. */
export function readRetryAfter(text: string | null, now = Date.now()): number {
  if (text === null) return 0;
  if (/^\d+$/.test(text)) return Number(text);
  const at = / GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? 0 : Math.max(0, (at - now) / 1_000);
}
