import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isOutdated } from '../../../docs/playground/src/pages/providers/age.ts';
import { findKnownModel, knownPrices, knownWindow } from '../../../server/models/known/knownModels.ts';

const tokens = z.int().min(1_000).max(20_000_000);
const price = z.number().positive().max(1_000);

const Model = z.strictObject({
  provider: z.enum(['openai', 'anthropic', 'gemini']),
  model: z.string().regex(/^[a-z0-9.-]+$/),
  context_window: tokens,
  max_input_tokens: tokens.optional(),
  max_output_tokens: tokens,
  tool_calling: z.boolean(),
  image_input: z.boolean(),
  reasoning: z.boolean(),
  usd_per_million_tokens: z.strictObject({ input: price, output: price, cache_write: price.optional(), cache_read: price.optional() }),
  dearer_above_prompt_tokens: tokens.optional(),
});
const List = z.strictObject({
  as_of: z.iso.date(),
  price_lists: z.strictObject({ openai: z.url(), anthropic: z.url(), gemini: z.url() }),
  usd_per_image: z.strictObject({ openai: z.record(z.string(), z.record(z.string().regex(/^\d+x\d+$/), price)) }),
  models: z.array(Model).min(20),
});

test('the list of known models has a date, its sources, and for each model plausible figures', () => {
  const list = List.parse(JSON.parse(readFileSync(new URL('../../../server/models/known/knownModels.json', import.meta.url), 'utf8')));
  expect(Date.parse(list.as_of)).toBeLessThanOrEqual(Date.now());
  expect(new Set(list.models.map(({ provider, model }) => `${provider} ${model}`)).size).toBe(list.models.length);
  for (const { model, usd_per_million_tokens: usd, ...limits } of list.models) {
    expect(usd.output, model).toBeGreaterThanOrEqual(usd.input);
    expect(usd.cache_read ?? 0, model).toBeLessThan(usd.input);
    expect(usd.cache_write ?? usd.input, model).toBeGreaterThanOrEqual(usd.input);
    for (const part of [limits.max_input_tokens, limits.max_output_tokens, limits.dearer_above_prompt_tokens])
      expect(part ?? 0, model).toBeLessThanOrEqual(limits.context_window);
  }
});

test('a model is found by its name, also with the date of a version, at the API of its vendor only', () => {
  const found = findKnownModel({ provider: 'openai', base_url: null, model: 'GPT-5-2025-08-07' })!;
  expect([found.model, knownWindow(found)]).toEqual(['gpt-5', 272_000]);
  expect(knownPrices(found)).toEqual({
    ...{ cost_per_1k_input: 0.00125, cost_per_1k_output: 0.01, cost_per_1k_cache_write: null, cost_per_1k_cache_read: 0.000125 },
  });
  const names = (base_url: string | null, provider: 'openai' | 'anthropic' | 'gemini', model: string) =>
    findKnownModel({ provider, base_url, model })?.model;
  expect(names('https://api.openai.com/v1', 'openai', 'gpt-5-mini')).toBe('gpt-5-mini');
  expect(names('https://api.anthropic.com', 'anthropic', 'claude-sonnet-4-5-20250929')).toBe('claude-sonnet-4-5');
  expect(names(null, 'gemini', 'models/gemini-2.5-pro')).toBe('gemini-2.5-pro');
  expect(names('http://127.0.0.1:11434/v1', 'openai', 'gpt-5')).toBeUndefined();
  expect(names(null, 'anthropic', 'gpt-5')).toBeUndefined();
  expect(names(null, 'openai', 'gpt-5-pro')).toBeUndefined();
  expect(names(null, 'openai', 'constructor')).toBeUndefined();
});

test('figures are outdated after a year', () => {
  const now = Date.parse('2027-09-23');
  expect([isOutdated('2026-09-23', now), isOutdated('2026-09-22', now)]).toEqual([false, true]);
});
