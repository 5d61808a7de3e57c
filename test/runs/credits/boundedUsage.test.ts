import { expect, test } from 'vitest';
import { withBoundedUsage } from '../../../server/models/boundedUsage.ts';
import { type Model, ModelError, type ModelEvent, type ModelRequest, type Usage } from '../../../server/models/model.ts';
import type { ResolvedRoute } from '../../../server/models/route.ts';

const prompt: ModelRequest = { messages: [{ role: 'user', content: 'Hello' }], tools: [], reasoning_mode: 'auto' };
const route = (context_length?: number): ResolvedRoute => ({
  provider_kind: 'openai',
  model: 'unheard-of',
  api_key: 'key',
  advanced_json: { available_catalog: { context_length } },
});
const absurd = 1e12;

/** What a call reports of its usage, at the end and on the way. */
async function reportOf(
  usage: Usage,
  { request = prompt, text = 'Hi.', window, cost }: { request?: ModelRequest; text?: string; window?: number; cost?: string } = {},
) {
  const model: Model = {
    async *stream(_request, _signal, observer) {
      observer?.onUsage(usage);
      yield { type: 'text', text };
      yield { type: 'finish', text, tool_calls: [], usage, ...(cost !== undefined && { cost_usd: cost }) };
    },
  };
  const observed: Usage[] = [];
  const observer = { onSent: () => undefined, onUsage: (each: Usage) => void observed.push(each) };
  const events: ModelEvent[] = [];
  for await (const event of withBoundedUsage(route(window), model).stream(request, AbortSignal.any([]), observer)) events.push(event);
  const finish = events.at(-1) as Extract<ModelEvent, { type: 'finish' }>;
  return { ...finish, observed };
}

test('usage that a call can have is not changed', async () => {
  for (const usage of [
    {},
    { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
    { input_tokens: 9_000, output_tokens: 100_000, cached_tokens: 8_000 },
    { input_tokens: 10, cache_read_input_tokens: 4_000, cache_creation_input_tokens: 50, output_tokens: 0 },
  ])
    expect((await reportOf(usage)).usage).toBe(usage);
});

test('usage is lowered to the bytes that were sent and received, and what a provider may add', async () => {
  const { usage, observed } = await reportOf({
    input_tokens: absurd,
    output_tokens: absurd,
    total_tokens: 2 * absurd,
    cached_tokens: absurd,
  });
  expect(usage!.input_tokens).toBeLessThan(17_000);
  expect(usage!.output_tokens).toBe(131_072 + 3);
  expect(usage!.cached_tokens).toBe(usage!.input_tokens);
  expect(usage!.total_tokens).toBe(usage!.input_tokens! + usage!.output_tokens!);
  expect(usage!.excess_tokens).toBe(2 * absurd - usage!.total_tokens!);
  expect(observed).toEqual([
    { ...usage, output_tokens: 131_072, total_tokens: usage!.total_tokens! - 3, excess_tokens: usage!.excess_tokens! + 3 },
  ]);
});

test('longer prompts, images and answers allow more', async () => {
  const inputOf = async (content: Extract<ModelRequest['messages'][number], { role: 'user' }>['content']) =>
    (await reportOf({ input_tokens: absurd }, { request: { ...prompt, messages: [{ role: 'user', content }] } })).usage!.input_tokens!;
  const short = await inputOf('Hello');
  expect((await inputOf(`Hello${'!'.repeat(5_000)}`)) - short).toBe(5_000);
  expect(
    await inputOf([
      { type: 'text', text: 'Hello' },
      { type: 'image', mime_type: 'image/png', data: 'AAAA' },
    ]),
  ).toBeGreaterThan(short + 50_000);
  expect((await reportOf({ output_tokens: absurd }, { text: '\u00e4'.repeat(1_000) })).usage!.output_tokens).toBe(131_072 + 2_000);
});

test('the window and the requested length of the answer are bounds, too', async () => {
  const usage = { input_tokens: absurd, output_tokens: absurd };
  expect((await reportOf(usage, { window: 8_000 })).usage).toMatchObject({ input_tokens: 8_000, output_tokens: 8_000 });
  expect((await reportOf(usage, { request: { ...prompt, max_output_tokens: 100 } })).usage).toMatchObject({ output_tokens: 100 });
  const cached = { cache_read_input_tokens: absurd, cache_creation_input_tokens: absurd, input_tokens: absurd };
  expect((await reportOf(cached, { window: 8_000 })).usage).toMatchObject({
    cache_read_input_tokens: 8_000,
    cache_creation_input_tokens: 0,
    input_tokens: 0,
  });
});

test('a cost that no model has is lowered', async () => {
  expect((await reportOf({}, { cost: '0.25' })).cost_usd).toBe('0.25');
  expect(Number((await reportOf({}, { cost: '1000000' })).cost_usd)).toBeLessThan(150);
});

test('the usage of a failed call is bounded', async () => {
  const failing: Model = {
    // oxlint-disable-next-line require-yield
    async *stream() {
      throw new ModelError('provider.retryable', 'cut', { usage: { output_tokens: absurd } });
    },
  };
  const calling = async () => {
    for await (const event of withBoundedUsage(route(), failing).stream(prompt, AbortSignal.any([]))) expect(event).toBeUndefined();
  };
  await expect(calling()).rejects.toMatchObject({ usage: { output_tokens: 131_072, excess_tokens: absurd - 131_072 } });
});
