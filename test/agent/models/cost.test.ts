import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cacheHitRate, costOf, creditsOf, parseDeductionPolicy } from '../../../server/models/cost.ts';
import type { Usage } from '../../../server/models/model.ts';

const prices = { cost_per_1k_input: '0.003', cost_per_1k_output: 0.015, cost_per_1k_cache_write: null, cost_per_1k_cache_read: null };
const unpriced = { cost_per_1k_input: null, cost_per_1k_output: null, cost_per_1k_cache_write: null, cost_per_1k_cache_read: null };
const usage = (I: number, O: number, cache: { W?: number; R?: number; C?: number } = {}): Usage => ({
  input_tokens: I,
  output_tokens: O,
  ...(cache.W !== undefined && { cache_creation_input_tokens: cache.W }),
  ...(cache.R !== undefined && { cache_read_input_tokens: cache.R }),
  ...(cache.C !== undefined && { cached_tokens: cache.C }),
});
const credits = (spent: Usage, multiplier: number, of: typeof prices | typeof unpriced = prices) =>
  creditsOf(spent, costOf(spent, of).exact, { multiplier })?.credits ?? 0;

test('a cheap run has a cost but no credits, whatever the number of its tokens', () => {
  expect(costOf(usage(600, 0), prices)).toMatchObject({ usd: '0.001800', micros: 1_800 });
  expect(credits(usage(600, 0), 1)).toBe(0);
  expect(credits(usage(1000, 500), 1)).toBe(11);
  expect(credits(usage(0, 0, { R: 100_000 }), 1)).toBe(30);
});

test('the multiplier applies to credits, not to the cost', () => {
  expect(costOf(usage(3000, 1000), prices)).toMatchObject({ usd: '0.024000', micros: 24_000 });
  expect([credits(usage(3000, 1000), 1), credits(usage(3000, 1000), 1.5)]).toEqual([24, 36]);
});

test('computes cost, credits and hit rate from Anthropic cache counts', () => {
  const spent = usage(1000, 1000, { W: 2000, R: 10_000 });
  expect(costOf(spent, prices).usd).toBe('0.028500');
  expect(credits(spent, 1)).toBe(29);
  expect(cacheHitRate(spent)).toBeCloseTo(10_000 / 13_000, 12);
});

test('computes cost, credits and hit rate from OpenAI cache counts', () => {
  const spent = usage(10_000, 1000, { C: 6000 });
  expect(costOf(spent, prices).usd).toBe('0.036000');
  expect(credits(spent, 1)).toBe(36);
  expect(cacheHitRate(spent)).toBe(0.6);
});

test('without prices credits are computed from tokens', () => {
  expect(costOf(usage(3000, 0), unpriced)).toMatchObject({ usd: '0.000000', micros: 0 });
  expect(creditsOf(usage(3000, 0), costOf(usage(3000, 0), unpriced).exact, { multiplier: 1 })).toEqual({
    credits: 3,
    raw_credits: '3',
    policy_multiplier: 1,
    method: 'token_fallback',
    effective_tokens: '3000',
  });
});

test('a reported cost is used only without prices, and a single missing price is 0', () => {
  expect(costOf(usage(1000, 1000), unpriced, '0.1234565').usd).toBe('0.123457');
  expect(costOf(usage(1000, 1000), prices, '99').usd).toBe('0.018000');
  expect(costOf(usage(1000, 1000), { ...prices, cost_per_1k_input: null }).usd).toBe('0.015000');
});

test('a usage with both kinds of cache counts has no hit rate', () => {
  const spent = usage(10_000, 1000, { W: 1000, R: 4000, C: 500 });
  expect(costOf(spent, prices).usd).toBe('0.037950');
  expect(cacheHitRate(spent)).toBeNull();
  const fallback = creditsOf(spent, costOf(spent, unpriced).exact, { multiplier: 1 });
  expect(fallback?.effective_tokens).toBe(String(5500 + 1250 + 400 + 250 + 1000));
});

test('explicit cache prices replace the fractions of the input price', () => {
  const own = { ...prices, cost_per_1k_cache_write: '0.1', cost_per_1k_cache_read: '0.01' };
  expect(costOf(usage(1000, 0, { W: 1000, R: 1000 }), own).usd).toBe('0.113000');
  expect(costOf(usage(1000, 0, { C: 1000 }), own).usd).toBe('0.010000');
});

test('the hit rate is null without cache counts', () => {
  expect(cacheHitRate(usage(10, 1))).toBeNull();
  expect(cacheHitRate({})).toBeNull();
});

test('credits are exact: 2.007 USD is 2007, 0.000001 USD is 1, 0.005 USD is 5', () => {
  const policy = parseDeductionPolicy('{"tiers":[{"multiplier":1}]}');
  const of = (cost: string) => creditsOf(usage(9000, 0), costOf({}, unpriced, cost).exact, { multiplier: '1', policy })?.credits;
  expect(['2.007', '0.000001', '0.005', '0.0000000001'].map(of)).toEqual([2007, 1, 5, 1]);
  const dollars = (millis: number) => `${Math.floor(millis / 1000)}.${String(millis % 1000).padStart(3, '0')}`;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (millis) => {
      expect(of(dollars(millis))).toBe(millis);
    }),
  );
});

test('applies the first matching tier by cost, 1 without a match, and the default policy if invalid', () => {
  const policy = parseDeductionPolicy(
    '{"tiers":[{"up_to_cost_usd":0.001,"multiplier":0},{"up_to_cost_usd":"0.01","multiplier":0.5},{"up_to_cost_usd":1,"multiplier":2}]}',
  );
  const factor = (tokens: number, cost: string, otherRunsUsd = '0') =>
    creditsOf(usage(tokens, 0), costOf({}, unpriced, cost).exact, { multiplier: 1, policy, otherRunsUsd })?.policy_multiplier ?? 0;
  expect([factor(9000, '0.0009'), factor(1, '0.001'), factor(100, '0.01'), factor(9000, '1')]).toEqual([0, 0.5, 2, 1]);
  expect([factor(999, '0'), factor(1000, '0')]).toEqual([0, 0.5]);
  expect([factor(1, '0.0009', '0.0001'), factor(1, '0.0001', '5')]).toEqual([0.5, 1]);
  const base = parseDeductionPolicy(undefined);
  const byTokens = '{"tiers":[{"up_to_tokens":2000,"multiplier":0},{"multiplier":1}]}';
  for (const nonsense of ['', 'x', '[]', '{"tiers":[]}', '{"tiers":[{"multiplier":-1}]}', 'null', byTokens])
    expect(parseDeductionPolicy(nonsense)).toEqual(base);
  expect(base.tiers).toEqual([{ up_to_cost_usd: 0.002, multiplier: 0 }, { multiplier: 1 }]);
});

test('returns null without tokens and cost, and treats a rate of 0 or less as 1000', () => {
  expect(
    creditsOf({}, costOf({}, prices).exact, { multiplier: 1, policy: parseDeductionPolicy('{"tiers":[{"multiplier":1}]}') }),
  ).toBeNull();
  expect(creditsOf(usage(3000, 1000), costOf(usage(3000, 1000), prices).exact, { multiplier: 1, perUsd: 0 })?.credits).toBe(24);
});
