import type { Bucket, Rate, TakeResult } from '../../../server/gateway/rateLimits/buckets.ts';
import type { LimiterKey } from '../../../server/platform/limiterKey.ts';

/** Buckets of the default limit. */
const defaultBuckets = (keys: readonly LimiterKey[], rate: Rate): Bucket[] => keys.map((key) => ({ key, policy: 'default', rate }));

/** A result of a single limit: the tokens of its emptiest bucket. */
const summaryOf = ({ granted, levels }: TakeResult) => ({ granted, tokens: Math.min(...levels.map(({ tokens }) => tokens)) });

export const takeFrom = (buckets: { take(buckets: readonly Bucket[]): TakeResult }, keys: readonly LimiterKey[], rate: Rate) =>
  summaryOf(buckets.take(defaultBuckets(keys, rate)));

export const takeFromShared = async (
  buckets: { take(buckets: readonly Bucket[]): Promise<TakeResult> },
  keys: readonly LimiterKey[],
  rate: Rate,
) => summaryOf(await buckets.take(defaultBuckets(keys, rate)));

/** The result of taking a token from one bucket. */
export const resultOf = (granted: boolean, tokens: number, rate: Rate): TakeResult => ({
  granted,
  levels: [{ policy: 'default', rate, tokens }],
});
