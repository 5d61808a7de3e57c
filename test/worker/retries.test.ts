import { expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { readAll, types } from '../setup/events.ts';
import { expectSound, textOf, usageOf } from '../setup/invariants.ts';
import { addModel } from '../setup/model.ts';
import * as providers from '../setup/providers.ts';
import { setPlatform } from '../setup/settings.ts';
import { chat, type Scripted, startVendor } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld();
await setPlatform(world, { 'llm.retry.base_delay_ms': 20 });
const { url, call } = world;
const busy = chat.failure(503, { message: 'busy' });

/** A run against a vendor with a script, to its end. */
async function runWith(script: Scripted[], fields: object = {}) {
  const person = await world.signUp();
  const vendor = await addModel(world, person, fields);
  vendor.answers(...script);
  const threadId = await openThread(world, person);
  const runId = await startRun(world, person, threadId);
  await readAll(url, runId, person.token);
  const events = await expectSound(world, runId, person.token);
  await vendor.close();
  const { body: run } = await call('GET', `/v1/runs/${runId}`, { token: person.token });
  return { events, run, requests: vendor.requests, retries: events.filter((event) => event.type === 'run.llm.retry'), runId, person };
}

test('two refusals for now, then an answer', async () => {
  const { events, requests, retries } = await runWith([busy, busy, chat.answer('at last')]);
  expect(retries.map(({ data }) => data)).toMatchObject([
    { attempt: 1, max_attempts: 3, delay_ms: 20, error_class: 'provider.retryable', details: { status_code: 503 } },
    { attempt: 2, max_attempts: 3, delay_ms: 40, error_class: 'provider.retryable' },
  ]);
  for (const { data } of retries) expect(data).not.toHaveProperty('discard_from_seq');
  expect(requests[2]!.at - requests[1]!.at).toBeGreaterThanOrEqual(39);
  expect(types(events).at(-1)).toBe('run.completed');
  expect(textOf(events)).toBe('at last');
});

test('a stream cut half way is asked again, and the answer holds no text twice', async () => {
  const first = [chat.text('The ans'), chat.text('wer is'), { wait: 80 }, 'cut' as const];
  const { events, retries } = await runWith([{ steps: first }, chat.answer('The answer ', 'is 42.')]);
  const begun = events.find((event) => event.type === 'message.delta')!;
  expect(retries.map(({ data }) => data)).toMatchObject([{ attempt: 1, discard_from_seq: begun.seq }]);
  expect(textOf(events)).toBe('The answer is 42.');
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('each attempt that is cut voids its own text only', async () => {
  const cut = (text: string): Scripted => ({ steps: [chat.text(text), { wait: 60 }, 'cut'] });
  const { events, retries } = await runWith([cut('one'), cut('two'), chat.answer('three')]);
  const starts = events.flatMap((event) => (event.type === 'message.delta' ? [event.seq] : []));
  expect(retries.map((event) => event.type === 'run.llm.retry' && event.data.discard_from_seq)).toEqual(starts.slice(0, 2));
  expect(textOf(events)).toBe('three');
});

test('three refusals for now end the run, and it may be taken up again', async () => {
  const { events, requests, retries, run } = await runWith([busy, busy, busy]);
  expect([requests.length, retries.length]).toEqual([3, 2]);
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', error_class: 'provider.retryable', data: { resumable: true } });
  expect(run).toMatchObject({ status: 'failed', error: { error_class: 'provider.retryable' }, total_input_tokens: 0, total_cost_usd: 0 });
});

test('a request that the vendor will never take is not repeated', async () => {
  const { events, requests, retries } = await runWith([chat.failure(400, { message: 'no such thing' })]);
  expect([requests.length, retries.length]).toEqual([1, 0]);
  expect(events.at(-1)).toMatchObject({ error_class: 'provider.non_retryable', data: { details: { status_code: 400 }, resumable: false } });
});

test('a vendor that repeats the key in its complaint does not make it known', async () => {
  const { events } = await runWith([chat.failure(401, { message: 'Incorrect API key provided: sk-test-canary.' })]);
  expect(events.at(-1)?.type).toBe('run.failed');
});

test('usage and cost are counted with the price of what was cached', async () => {
  const usage = chat.usage({
    prompt_tokens: 10_000,
    completion_tokens: 1_000,
    total_tokens: 11_000,
    prompt_tokens_details: { cached_tokens: 6_000 },
  });
  const prices = { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015 };
  const { events, run, runId, person } = await runWith([{ steps: [chat.text('Hi'), chat.stop(), usage, chat.done] }], prices);
  const used = { input_tokens: 10_000, output_tokens: 1_000, cached_tokens: 6_000 };
  const facts = { usage: used, cost: { currency: 'USD', amount_micros: 36_000 } };
  expect(events.find((event) => event.type === 'llm.turn.completed')?.data).toMatchObject(facts);
  expect(events.at(-1)?.data).toMatchObject(facts);
  expect(run).toMatchObject({ total_input_tokens: 10_000, total_output_tokens: 1_000, total_cost_usd: 0.036 });
  expect(await usageOf(world, runId)).toEqual([{ ...used, cost_usd: 0.036 }]);
  const { body } = await call('GET', '/v1/runs', { token: person.token });
  expect(body).toMatchObject([{ run_id: runId, cache_hit_rate: 0.6, model: 'm' }]);
});

test('a vendor without the newer interface is asked through the older one, and the run says so', async () => {
  const bob = await world.signUp();
  const vendor = await startVendor();
  vendor.answersAt('/v1/responses', { status: 404, steps: ['{"error":{"message":"Not found"}}'] });
  vendor.answersAt('/v1/chat/completions', chat.answer('the old way'));
  const fields = { base_url: `${vendor.origin}/v1`, openai_api_mode: 'auto' };
  await providers.addModel(world, bob, await providers.addProvider(world, bob, fields));
  const runId = await startRun(world, bob, await openThread(world, bob));
  const events = await expectSound(world, runId, bob.token, providers.secretKey);
  expect(events.find((event) => event.type === 'run.provider_fallback')?.data).toMatchObject({
    provider_kind: 'openai',
    from_api_mode: 'responses',
    to_api_mode: 'chat_completions',
    reason: 'responses_not_supported',
    status_code: 404,
  });
  expect(textOf(events)).toBe('the old way');
  await vendor.close();
});
