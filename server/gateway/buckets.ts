/** A token bucket: how much it holds, and how fast it fills. */
export type Rate = { capacity: number; perSecond: number };

/** What became of an attempt to take a token, and how many are left. */
export type Taken = { granted: boolean; tokens: number };

/** Where callers take their tokens. */
export type Buckets = { take(key: string, rate: Rate): Promise<Taken> };

type Bucket = { tokens: number; at: number };

/** Tokens are counted in floating point: so little may be missing. */
const almost = 1e-9;

/** Buckets of this process, at most `most`: the one that has been left alone longest makes room, because it is the fullest. */
export function localBuckets(most = 100_000, now = () => performance.now()): { take(key: string, rate: Rate): Taken } {
  const buckets = new Map<string, Bucket>();
  return {
    take(key, { capacity, perSecond }) {
      const at = now();
      const known = buckets.get(key);
      const filled = known ? Math.min(capacity, known.tokens + ((at - known.at) / 1_000) * perSecond) : capacity;
      const granted = filled >= 1 - almost;
      const tokens = granted ? Math.max(0, filled - 1) : filled;
      buckets.delete(key);
      buckets.set(key, { tokens, at });
      if (buckets.size > most) buckets.delete(buckets.keys().next().value!);
      return { granted, tokens };
    },
  };
}

/** What an answer says about the bucket (RateLimit header fields, and the older ones for compatibility). */
export function rateHeaders({ granted, tokens }: Taken, { capacity, perSecond }: Rate): Record<string, string> {
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
