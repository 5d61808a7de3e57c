import type { LimiterKey } from '../../platform/limiterKey.ts';

/** Capacity of a token bucket, and its refill rate in tokens per second. */
export type Rate = { capacity: number; perSecond: number };

/** Result of taking a token. `tokens` is what remains in the emptiest bucket. */
export type TakeResult = { granted: boolean; tokens: number; rate: Rate };

/** Takes a token from each bucket, or from none if one of them is empty. */
export type Buckets = { take(buckets: readonly LimiterKey[], rate: Rate): Promise<TakeResult> };

type Level = { tokens: number; at: number };

/** Tolerance for token counts, which are floating-point numbers. */
const almost = 1e-9;

/** Buckets of this process. Above `most`, the least recently used bucket is evicted, because it is the fullest. */
export function createLocalBuckets(
  most = 100_000,
  now = () => performance.now(),
): { take(buckets: readonly LimiterKey[], rate: Rate): TakeResult } {
  const levels = new Map<LimiterKey, Level>();
  return {
    take(buckets, rate) {
      const { capacity, perSecond } = rate;
      const at = now();
      const filled = buckets.map((bucket) => {
        const known = levels.get(bucket);
        return known ? Math.min(capacity, known.tokens + ((at - known.at) / 1_000) * perSecond) : capacity;
      });
      const granted = filled.every((tokens) => tokens >= 1 - almost);
      const left = filled.map((tokens) => (granted ? Math.max(0, tokens - 1) : tokens));
      for (const [index, bucket] of buckets.entries()) {
        levels.delete(bucket);
        levels.set(bucket, { tokens: left[index]!, at });
        if (levels.size > most) levels.delete(levels.keys().next().value!);
      }
      return { granted, tokens: Math.min(...left), rate };
    },
  };
}

/** The `RateLimit` header fields (IETF draft), and `X-RateLimit-*` for compatibility. */
export function rateHeaders({ granted, tokens, rate: { capacity, perSecond } }: TakeResult): Record<string, string> {
  const most = Math.floor(capacity);
  const left = Math.min(most, Math.floor(tokens + almost));
  const missing = Math.max(0, capacity - tokens);
  const next = missing < almost ? 0 : Math.ceil(Math.min(missing, left + 1 - tokens) / perSecond - almost);
  return {
    'ratelimit-policy': `"default";q=${most};w=${Math.ceil(capacity / perSecond)}`,
    ratelimit: `"default";r=${left};t=${next}`,
    'x-ratelimit-limit': `${most}`,
    'x-ratelimit-remaining': `${left}`,
    'x-ratelimit-reset': `${Math.ceil(missing / perSecond - almost)}`,
    ...(!granted && { 'retry-after': `${Math.max(1, next)}` }),
  };
}
