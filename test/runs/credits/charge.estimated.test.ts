import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../../contract/events.ts';
import { textTokens } from '../../../server/models/estimate.ts';
import { dataOf, textStored } from '../../support/agent/agent.ts';
import * as providers from '../../support/agent/providers.ts';
import { chat, messages, type ScriptedResponse, startVendor, type Vendor } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { checkedBalance, grant, ledgerOf, noFreeTierPolicy } from '../../support/credits/credits.ts';
import { openStream } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
const { call, signUp, url } = app;
const vendors: Vendor[] = [];
beforeAll(() => setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy, 'llm.retry.base_delay_ms': 10 }));
afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));

/** 1 USD per 1,000 tokens, so 1 token costs 1 credit. */
const prices = { cost_per_1k_input: 1, cost_per_1k_output: 1 };

/** A user with 1,000,000 credits and a scripted model. */
async function customer(...script: ScriptedResponse[]) {
  const person = await signUp();
  const vendor = await addVendorModel(app, person, prices);
  vendors.push(vendor);
  vendor.respondWith(...script);
  await grant(app, person, 1_000_000);
  return { person, vendor };
}

const reported = (text: string): ScriptedResponse => ({
  steps: [chat.text(text), chat.stop(), chat.usage({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }), chat.done],
});
const words = Array.from({ length: 20 }, (_, at) => `word${at} `);

/** Starts a run, cancels it when `isMoment` matches an event, and waits for its end. */
async function cancelAt(person: Person, isMoment: (event: RunEvent) => boolean) {
  const runId = await startRun(app, person, await openThread(app, person));
  const stream = await openStream(url, runId, { token: person.token });
  await stream.until(isMoment);
  expect((await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).status).toBe(200);
  await stream.ended;
  return runId;
}

/** Starts a run and waits for its end. */
async function run(person: Person) {
  const runId = await startRun(app, person, await openThread(app, person));
  await openStream(url, runId, { token: person.token }).then(({ ended }) => ended);
  return runId;
}

/** Returns the charge of a run. Expects that events, usage record, ledger and run agree. */
async function chargeOf(person: Person, runId: string) {
  const events = await expectRunInvariants(app, runId, person.token);
  const { rows, usage } = await ledgerOf(app, runId);
  expect(usage).toHaveLength(1);
  const [{ input_tokens: input, output_tokens: output, cost_usd: cost, estimated }] = usage;
  const { usage: total, cost: totalCost } = events.at(-1)!.data as { usage?: object; cost?: { amount_micros: number } };
  expect(total ?? {}).toMatchObject(input + output === 0 ? {} : { input_tokens: input, output_tokens: output });
  expect((total as { estimated?: boolean } | undefined)?.estimated ?? false).toBe(estimated);
  expect(totalCost?.amount_micros ?? 0).toBe(Math.round(cost * 1e6));
  const { body } = await call('GET', `/v1/runs/${runId}`, { token: person.token });
  expect(body).toMatchObject({ total_input_tokens: input, total_output_tokens: output, total_cost_usd: cost, usage_estimated: estimated });
  expect(rows.map(({ amount, metadata }) => [amount, metadata.estimated ?? false])).toEqual(
    input + output === 0 ? [] : [[-(input + output), estimated]],
  );
  await checkedBalance(app, person.accountId);
  return { events, input, output, estimated };
}

test('a run canceled after 16 of 20 deltas is charged its prompt and the received text, marked as estimated', async () => {
  const { person } = await customer({ steps: [...words.slice(0, 16).map(chat.text), 'stall'] });
  const runId = await cancelAt(person, (event) => event.type === 'message.delta' && event.data.content === 'word15 ');
  const { input, output, estimated } = await chargeOf(person, runId);
  expect([output, estimated]).toEqual([textTokens(words.slice(0, 16).join('')), true]);
  // The prompt includes the tool definitions.
  expect(input).toBeGreaterThan(500);
  const { body } = await call('GET', `/v1/runs?run_id=${runId}`, { token: person.token });
  expect(body).toMatchObject([{ usage_estimated: true, credits_used: input + output }]);
});

test('usage is estimated if the provider reports none, and not otherwise', async () => {
  const silent = [...words.map(chat.text), chat.stop(), chat.done];
  const { person } = await customer({ steps: silent });
  const { events, output } = await chargeOf(person, await run(person));
  expect(output).toBe(textTokens(words.join('')));
  expect(dataOf(events, 'llm.turn.completed')[0]!.usage).toMatchObject({ output_tokens: output, estimated: true });
  const { person: other } = await customer(reported('Reported.'));
  expect(await chargeOf(other, await run(other))).toMatchObject({ input: 11, output: 7, estimated: false });
});

test('all-zero usage counts as not reported', async () => {
  const zeros = chat.usage({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
  const { person } = await customer({ steps: [...words.map(chat.text), chat.stop(), zeros, chat.done] });
  expect(await chargeOf(person, await run(person))).toMatchObject({ output: textTokens(words.join('')), estimated: true });
});

test('an interrupted attempt is charged by an estimate, in addition to the successful one', async () => {
  const { person, vendor } = await customer();
  const stored = () => textStored(app, person, words.join(''));
  vendor.respondWith({ steps: [...words.map(chat.text), { wait: stored }, 'cut'] }, reported('Whole.'));
  const { events, output, estimated } = await chargeOf(person, await run(person));
  expect([output, estimated]).toEqual([textTokens(words.join('')) + 7, true]);
  const [retry] = dataOf(events, 'run.llm.retry');
  expect(retry!.usage).toMatchObject({ output_tokens: textTokens(words.join('')), estimated: true });
  expect(dataOf(events, 'llm.turn.completed')[0]!.usage).not.toHaveProperty('estimated');
});

test('failed requests are free: 503, 400 and unreachable', async () => {
  const { person } = await customer(chat.failure(503, { message: 'busy' }), chat.failure(400, { message: 'no' }));
  expect(await chargeOf(person, await run(person))).toMatchObject({ input: 0, output: 0, estimated: false });
  const { person: other, vendor } = await customer();
  await vendor.close();
  expect(await chargeOf(other, await run(other))).toMatchObject({ input: 0, output: 0, estimated: false });
});

test('a run canceled before the provider responds is charged its prompt, because the request was sent', async () => {
  const { person, vendor } = await customer({ steps: ['stall'] });
  const runId = await startRun(app, person, await openThread(app, person));
  await expect.poll(() => vendor.requests.length).toBe(1);
  await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
  await openStream(url, runId, { token: person.token }).then(({ ended }) => ended);
  const { input, output } = await chargeOf(person, runId);
  expect([input > 500, output]).toEqual([true, 0]);
});

test('a run canceled during the delay before a retry is charged nothing', async () => {
  await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 30_000 });
  const { person } = await customer(chat.failure(503, { message: 'busy' }));
  const runId = await cancelAt(person, ({ type }) => type === 'run.llm.retry');
  await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 10 });
  expect(await chargeOf(person, runId)).toMatchObject({ input: 0, output: 0 });
});

test('a turn that exceeds the deadline is charged', async () => {
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': 3_000 });
  const { person } = await customer({ steps: [...words.map(chat.text), 'stall'] });
  const runId = await run(person);
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': null });
  const { events, output, estimated } = await chargeOf(person, runId);
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', error_class: 'run.deadline_exceeded' });
  expect([output, estimated]).toEqual([textTokens(words.join('')), true]);
});

test('tool call arguments and hidden thinking count as received text', async () => {
  const args = JSON.stringify({ label: words.join('') });
  const thought = `<think>${words.join('')}</think>`;
  const { person } = await customer({
    steps: [chat.text(thought), chat.call(0, { id: 'c', name: 'timeline_title', arguments: args }), 'stall'],
  });
  const runId = await cancelAt(person, ({ type }) => type === 'tool.call.delta');
  const { output } = await chargeOf(person, runId);
  expect(output).toBeGreaterThan(2 * textTokens(words.join('')) - 10);
});

test('for partial usage of Anthropic the prompt counts as reported and the output as received', async () => {
  const person = await signUp();
  const vendor = await startVendor();
  vendors.push(vendor);
  const fields = { provider: 'anthropic', base_url: vendor.origin, api_key: 'sk-test-canary' };
  await providers.addModel(app, person, await providers.addProvider(app, person, fields), prices);
  const block = messages.block(0, { type: 'text', text: '' });
  const said = words.map((text) => messages.delta(0, { type: 'text_delta', text }));
  vendor.respondWith({ steps: [messages.start, block, ...said, 'stall'] });
  const runId = await cancelAt(person, (event) => event.type === 'message.delta' && event.data.content.includes('word19'));
  const [usage] = (await ledgerOf(app, runId)).usage;
  expect(usage).toMatchObject({
    input_tokens: 20,
    cache_creation_input_tokens: 5,
    cache_read_input_tokens: 40,
    output_tokens: textTokens(words.join('')),
    estimated: true,
  });
});
