import { expect, test } from 'vitest';
import { textStored } from '../support/agent/agent.ts';
import * as providers from '../support/agent/providers.ts';
import { chat, type ScriptedResponse, startVendor } from '../support/agent/vendor.ts';
import { addVendorModel } from '../support/agent/vendorModel.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants, textOf, usageOf } from '../support/checks/invariants.ts';
import { readAll, types } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp();
await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 20 });
const { url, call } = app;
const busy = chat.failure(503, { message: 'busy' });

/** Runs against a scripted provider until the run ends. */
async function runWith(script: ScriptedResponse[] | ((person: Person) => ScriptedResponse[]), fields: object = {}) {
  const person = await app.signUp();
  const vendor = await addVendorModel(app, person, fields);
  vendor.respondWith(...(typeof script === 'function' ? script(person) : script));
  const threadId = await openThread(app, person);
  const runId = await startRun(app, person, threadId);
  await readAll(url, runId, person.token);
  const events = await expectRunInvariants(app, runId, person.token);
  await vendor.close();
  const { body: run } = await call('GET', `/v1/runs/${runId}`, { token: person.token });
  return { events, run, requests: vendor.requests, retries: events.filter((event) => event.type === 'run.llm.retry'), runId, person };
}

test('two 503 responses are retried before an answer', async () => {
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

test('an interrupted stream is retried without duplicate text', async () => {
  const { events, retries } = await runWith((person) => [
    { steps: [chat.text('The ans'), chat.text('wer is'), { wait: () => textStored(app, person, 'The answer is') }, 'cut'] },
    chat.answer('The answer ', 'is 42.'),
  ]);
  const begun = events.find((event) => event.type === 'message.delta')!;
  expect(retries.map(({ data }) => data)).toMatchObject([{ attempt: 1, discard_from_seq: begun.seq }]);
  expect(textOf(events)).toBe('The answer is 42.');
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('each interrupted attempt discards only its own text', async () => {
  const cut = (text: string, person: Person): ScriptedResponse => ({
    steps: [chat.text(text), { wait: () => textStored(app, person, text) }, 'cut'],
  });
  const { events, retries } = await runWith((person) => [cut('one', person), cut('two', person), chat.answer('three')]);
  const starts = events.flatMap((event) => (event.type === 'message.delta' ? [event.seq] : []));
  expect(retries.map((event) => event.type === 'run.llm.retry' && event.data.discard_from_seq)).toEqual(starts.slice(0, 2));
  expect(textOf(events)).toBe('three');
});

test('three 503 responses fail the run, which is resumable', async () => {
  const { events, requests, retries, run } = await runWith([busy, busy, busy]);
  expect([requests.length, retries.length]).toEqual([3, 2]);
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', error_class: 'provider.retryable', data: { resumable: true } });
  expect(run).toMatchObject({ status: 'failed', error: { error_class: 'provider.retryable' }, total_input_tokens: 0, total_cost_usd: 0 });
});

test('a 400 response is not retried', async () => {
  const { events, requests, retries } = await runWith([chat.failure(400, { message: 'no such thing' })]);
  expect([requests.length, retries.length]).toEqual([1, 0]);
  expect(events.at(-1)).toMatchObject({ error_class: 'provider.non_retryable', data: { details: { status_code: 400 }, resumable: false } });
});

test('an API key in a provider error is not in the events', async () => {
  const { events } = await runWith([chat.failure(401, { message: 'Incorrect API key provided: sk-test-canary.' })]);
  expect(events.at(-1)?.type).toBe('run.failed');
});

test('usage and cost include the price of cached tokens', async () => {
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
  expect(await usageOf(app, runId)).toEqual([{ ...used, cost_usd: 0.036 }]);
  const { body } = await call('GET', '/v1/runs', { token: person.token });
  expect(body).toMatchObject([{ run_id: runId, cache_hit_rate: 0.6, model: 'm' }]);
});

test('a provider without the Responses API is called by chat completions, and the fallback is an event', async () => {
  const bob = await app.signUp();
  const vendor = await startVendor();
  vendor.respondAt('/v1/responses', { status: 404, steps: ['{"error":{"message":"Not found"}}'] });
  vendor.respondAt('/v1/chat/completions', chat.answer('the old way'));
  const fields = { base_url: `${vendor.origin}/v1`, openai_api_mode: 'auto' };
  await providers.addModel(app, bob, await providers.addProvider(app, bob, fields));
  const runId = await startRun(app, bob, await openThread(app, bob));
  const events = await expectRunInvariants(app, runId, bob.token, providers.providerApiKey);
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
