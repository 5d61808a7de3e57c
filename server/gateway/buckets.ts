import type { Bucket } from '../kernel/bucket.ts';

/** A token bucket: how much it holds, and how fast it fills. */
export type Rate = { capacity: number; perSecond: number };

/** The outcome of an attempt to take a token: how many are left in the emptiest bucket, and the rate that was applied. */
export type Taken = { granted: boolean; tokens: number; rate: Rate };

/** Takes a token from each of several buckets, or from none of them when one is empty. */
export type Buckets = { take(buckets: readonly Bucket[], rate: Rate): Promise<Taken> };

type Level = { tokens: number; at: number };

/** Tokens are counted in floating point: so little may be missing. */
const almost = 1e-9;

/** Buckets of this process, at most `most`: the one that was not used for longest makes room, because it is the fullest. */
export function localBuckets(most = 100_000, now = () => performance.now()): { take(buckets: readonly Bucket[], rate: Rate): Taken } {
  const levels = new Map<Bucket, Level>();
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

/** The headers that tell a caller about the bucket: the RateLimit header fields, and the older ones for compatibility. */
export function rateHeaders({ granted, tokens, rate: { capacity, perSecond } }: Taken): Record<string, string> {
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
