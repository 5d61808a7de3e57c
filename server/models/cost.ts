import Big from 'big.js';
import { z } from 'zod';
import type { Usage } from './model.ts';

type Price = string | number | null;

/** US dollars per 1 000 tokens. Null if unknown. */
export type Prices = {
  cost_per_1k_input: Price;
  cost_per_1k_output: Price;
  cost_per_1k_cache_write: Price;
  cost_per_1k_cache_read: Price;
};

/** `exact` is not rounded. `usd` has 6 decimals, rounded half up. `micros` is the same in millionths. */
export type UsdCost = { exact: Big; usd: string; micros: number };

const zero = new Big(0);
const atLeastZero = (value: Big) => (value.lt(0) ? zero : value);

function tokens(usage: Usage) {
  const [input, output, written, read, cached] = [
    usage.input_tokens,
    usage.output_tokens,
    usage.cache_creation_input_tokens,
    usage.cache_read_input_tokens,
    usage.cached_tokens,
  ].map((count) => new Big(count ?? 0)) as [Big, Big, Big, Big, Big];
  return { input, output, written, read, cached, anthropicStyle: written.gt(0) || read.gt(0), openAiStyle: cached.gt(0) };
}

/** The largest cost whose millionths are a safe integer. */
const maxUsd = new Big(Number.MAX_SAFE_INTEGER).div(1_000_000);

/** Costs above `maxUsd` are lowered to it. */
export function usdCost(cost: Big): UsdCost {
  const exact = cost.gt(maxUsd) ? maxUsd : cost;
  const rounded = exact.round(6, Big.roundHalfUp);
  return { exact, usd: rounded.toFixed(6), micros: rounded.times(1_000_000).toNumber() };
}

/** US dollars of millionths, as an exact decimal. */
export const usdOfMicros = (micros: number): Big => new Big(micros).div(1_000_000);

/** The cost of tokens at a model's prices. Without an input price and an output price, the cost that the provider reported. */
export function costOf(usage: Usage, prices: Prices, reportedCost?: string | number | null): UsdCost {
  if (prices.cost_per_1k_input === null && prices.cost_per_1k_output === null) return usdCost(new Big(reportedCost ?? 0));
  const { input, output, written, read, cached, anthropicStyle, openAiStyle } = tokens(usage);
  const perInput = new Big(prices.cost_per_1k_input ?? 0);
  const perWrite = new Big(prices.cost_per_1k_cache_write ?? perInput.times('1.25'));
  const perRead = (share: string) => new Big(prices.cost_per_1k_cache_read ?? perInput.times(share));
  const cachePart = anthropicStyle ? written.times(perWrite).plus(read.times(perRead('0.10'))) : cached.times(perRead('0.50'));
  const freshInput = anthropicStyle ? (openAiStyle ? atLeastZero(input.minus(read)) : input) : atLeastZero(input.minus(cached));
  const outputPart = output.times(prices.cost_per_1k_output ?? 0);
  return usdCost(freshInput.times(perInput).plus(cachePart).plus(outputPart).div(1000));
}

/** Cached share of the input, 0 to 1. Null without cache counts, or with counts in both the OpenAI and the Anthropic style. */
export function cacheHitRate(usage: Usage): number | null {
  const { input, written, read, cached, anthropicStyle, openAiStyle } = tokens(usage);
  if (anthropicStyle === openAiStyle) return null;
  const [hit, all] = anthropicStyle ? [read, input.plus(read).plus(written)] : [cached, input];
  return all.gt(0) ? hit.div(all).toNumber() : null;
}

/** Strict, because a tier whose bound is unknown would include every run. */
const Tier = z.strictObject({
  up_to_cost_usd: z.union([z.number().positive(), z.string().regex(/^\d+(\.\d+)?$/)]).nullish(),
  multiplier: z.number().min(0),
});

/** Share of a run's price that is charged, by the cost of the run and its sub-agents. The first tier that includes them applies. */
export const DeductionPolicy = z.object({ tiers: z.array(Tier).min(1) });
export type DeductionPolicy = z.infer<typeof DeductionPolicy>;

export const defaultPolicy: DeductionPolicy = { tiers: [{ up_to_cost_usd: 0.002, multiplier: 0 }, { multiplier: 1 }] };

/** What 1,000 tokens without a price count as in the policy: at 1,000 credits per US dollar they are charged 1 credit. */
const unpricedUsdPer1k = '0.001';

/** Each model call and each end of a run needs the policy, which is nearly always that of the platform. */
let lastParsed = { source: '', policy: defaultPolicy };

/** Parses the setting. Returns the default policy if it is invalid. */
export function parseDeductionPolicy(source: string | null | undefined): DeductionPolicy {
  const text = source ?? '';
  if (text !== lastParsed.source) lastParsed = { source: text, policy: parsePolicy(text) };
  return lastParsed.policy;
}

function parsePolicy(text: string): DeductionPolicy {
  try {
    return DeductionPolicy.parse(JSON.parse(text));
  } catch {
    return defaultPolicy;
  }
}

/** The credits of a run and how they were calculated. `effective_tokens` is set only for `token_fallback`. */
export type Credits = {
  credits: number;
  raw_credits: string;
  policy_multiplier: number;
  method: 'cost_usd' | 'token_fallback';
  effective_tokens?: string;
};

/** The policy without tiers that are free below a cost. A tier without a bound stays. */
export const withoutFreeTier = ({ tiers }: DeductionPolicy): DeductionPolicy => ({
  tiers: tiers.filter((tier) => tier.multiplier > 0 || (tier.up_to_cost_usd ?? null) === null),
});

/** `otherRunsUsd`: what the ended runs of the same tree count in the policy. */
export type CreditRules = { multiplier: string | number; perUsd?: number; policy?: DeductionPolicy; otherRunsUsd?: string };

/** Credits for the unrounded cost of a run or, without a cost, for its tokens. Null if nothing is charged. */
export function creditsOf(usage: Usage, cost: Big, rules: CreditRules): Credits | null {
  const { multiplier, perUsd = 1000, policy = defaultPolicy, otherRunsUsd = '0' } = rules;
  const effective = effectiveTokens(usage);
  const size = cost.gt(0) ? cost : effective.div(1000).times(unpricedUsdPer1k);
  const policy_multiplier = policyMultiplier(policy, size.plus(otherRunsUsd));
  if (policy_multiplier === 0 || size.eq(0)) return null;
  const factor = new Big(multiplier).times(policy_multiplier);
  if (cost.gt(0)) return charge(cost.times(perUsd > 0 ? perUsd : 1000).times(factor), { policy_multiplier, method: 'cost_usd' });
  return charge(effective.div(1000).times(factor), { policy_multiplier, method: 'token_fallback', effective_tokens: effective.toFixed() });
}

const charge = (raw: Big, how: Omit<Credits, 'credits' | 'raw_credits'>): Credits => ({
  credits: Math.max(1, raw.round(0, Big.roundUp).toNumber()),
  raw_credits: raw.toFixed(),
  ...how,
});

const policyMultiplier = ({ tiers }: DeductionPolicy, usd: Big) =>
  tiers.find(({ up_to_cost_usd: bound }) => (bound ?? null) === null || usd.lt(bound!))?.multiplier ?? 1;

function effectiveTokens(usage: Usage) {
  const { input, output, written, read, cached, anthropicStyle, openAiStyle } = tokens(usage);
  const notFresh = openAiStyle ? cached.plus(anthropicStyle ? read : 0) : zero;
  const fresh = openAiStyle ? atLeastZero(input.minus(notFresh)) : input;
  return fresh.plus(written.times('1.25')).plus(read.times('0.1')).plus(cached.times('0.5')).plus(output);
}
