import type { LimiterKey } from '../../platform/limiterKey.ts';

/** Capacity of a token bucket, and its refill rate in tokens per second. */
export type Rate = { capacity: number; perSecond: number };

/** A token bucket. `policy` is the name of its limit in headers and errors; several buckets can belong to one limit. */
export type Bucket = { key: LimiterKey; policy: string; rate: Rate };

/** What remains in a bucket. */
type Level = { policy: string; rate: Rate; tokens: number };

/** Result of taking a token, with one level for each bucket. */
export type TakeResult = { granted: boolean; levels: readonly Level[] };

/** Takes a token from each bucket, or from none if one of them is empty. */
export type Buckets = { take(buckets: readonly Bucket[]): Promise<TakeResult> };

/** Tolerance for token counts, which are floating-point numbers. */
const almost = 1e-9;

const isEmpty = ({ tokens }: Pick<Level, 'tokens'>) => tokens < 1 - almost;

/** Buckets of this process. Above `maxBuckets`, the least recently used bucket is evicted, because it is the fullest. */
export function createLocalBuckets(maxBuckets = 100_000, now = () => performance.now()): { take(buckets: readonly Bucket[]): TakeResult } {
  const known = new Map<LimiterKey, { tokens: number; at: number }>();
  return {
    take(buckets) {
      const at = now();
      const filled = buckets.map(({ key, policy, rate }) => {
        const last = known.get(key);
        const tokens = last ? Math.min(rate.capacity, last.tokens + ((at - last.at) / 1_000) * rate.perSecond) : rate.capacity;
        return { policy, rate, tokens };
      });
      const granted = !filled.some(isEmpty);
      const levels = granted ? filled.map((level) => ({ ...level, tokens: Math.max(0, level.tokens - 1) })) : filled;
      for (const [index, { key }] of buckets.entries()) {
        known.delete(key);
        known.set(key, { tokens: levels[index]!.tokens, at });
        if (known.size > maxBuckets) known.delete(known.keys().next().value!);
      }
      return { granted, levels };
    },
  };
}

/** A limit with the emptiest of its buckets, as the headers describe it. */
type Shown = { policy: string; limit: number; left: number; next: number; full: number; window: number; isExceeded: boolean };

function shownOf(level: Level, granted: boolean): Shown {
  const { policy, tokens, rate } = level;
  const { capacity, perSecond } = rate;
  const limit = Math.floor(capacity);
  const left = Math.min(limit, Math.floor(tokens + almost));
  const missing = Math.max(0, capacity - tokens);
  const next = missing < almost ? 0 : Math.ceil(Math.min(missing, left + 1 - tokens) / perSecond - almost);
  const full = Math.ceil(missing / perSecond - almost);
  return { policy, limit, left, next, full, window: Math.ceil(capacity / perSecond), isExceeded: !granted && isEmpty(level) };
}

function limitsOf({ granted, levels }: TakeResult): Shown[] {
  const emptiest = new Map<string, Level>();
  for (const level of levels) {
    const other = emptiest.get(level.policy);
    if (!other || level.tokens < other.tokens) emptiest.set(level.policy, level);
  }
  return [...emptiest.values()].map((level) => shownOf(level, granted));
}

/** The exceeded limit with the longest wait, or if none is exceeded, the one with the fewest requests left. */
const decisive = (limits: readonly Shown[]): Shown => {
  const exceeded = limits.filter(({ isExceeded }) => isExceeded);
  return exceeded.length > 0
    ? exceeded.reduce((one, other) => (other.next > one.next ? other : one))
    : limits.reduce((one, other) => (other.left < one.left ? other : one));
};

/**
 * The `RateLimit` header fields (IETF draft), which list every limit that applies, and `X-RateLimit-*` of the decisive one for compatibility.
 */
export function rateHeaders(result: TakeResult): Record<string, string> {
  const limits = limitsOf(result);
  const { limit, left, full, next } = decisive(limits);
  return {
    'ratelimit-policy': limits.map((each) => `"${each.policy}";q=${each.limit};w=${each.window}`).join(', '),
    ratelimit: limits.map((each) => `"${each.policy}";r=${each.left};t=${each.next}`).join(', '),
    'x-ratelimit-limit': `${limit}`,
    'x-ratelimit-remaining': `${left}`,
    'x-ratelimit-reset': `${full}`,
    ...(!result.granted && { 'retry-after': `${Math.max(1, next)}` }),
  };
}

/** `details` of the error of a rejected request. */
export function exceededLimit(result: TakeResult): { policy: string; limit: number; retry_after_seconds: number } {
  const { policy, limit, next } = decisive(limitsOf(result));
  return { policy, limit, retry_after_seconds: Math.max(1, next) };
}
