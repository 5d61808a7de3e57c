import { afterAll, beforeAll, expect, test } from 'vitest';
import { chargeRun } from '../../../server/resources/credits/charge.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { chat, messages, startVendor, type Vendor } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { addRuns, charge, checkedBalance, ledgerOf, noFreeTierPolicy, usageCosting } from '../../support/credits/credits.ts';
import { openStream, readAll, types } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
const { call, sql, signUp, promote, url } = app;
const vendors: Vendor[] = [];
const admin = await signUp();
beforeAll(() => promote(admin));
afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));

/** `setPlatformSettings` waits until the settings cache expires, so the policy applies to the next run. */
const policy = (tiers: string | null) => setPlatformSettings(app, { 'credit.deduction_policy': tiers });
const prices = { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015 };

/** A user with their own model. */
async function customer(fields: object = prices) {
  const person = await signUp();
  const vendor = await addVendorModel(app, person, fields);
  vendors.push(vendor);
  return { person, vendor };
}
const used = (input: number, output: number, more: object = {}) =>
  chat.usage({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output, ...more });
const answer = (input: number, output: number, more: object = {}) => ({
  steps: [chat.text('Done.'), chat.stop(), used(input, output, more), chat.done],
});
async function run(person: Person) {
  const runId = await startRun(app, person, await openThread(app, person));
  const events = await readAll(url, runId, person.token);
  return { runId, last: events.at(-1)!, ...(await ledgerOf(app, runId)) };
}

test('a run is charged its price, with the calculation in the ledger and the amount in the list of runs', async () => {
  const { person, vendor } = await customer({ ...prices, multiplier: 1.5 });
  vendor.respondWith(answer(3000, 1000));
  const { runId, rows, usage, last } = await run(person);
  expect(last).toMatchObject({ type: 'run.completed', data: { cost: { amount_micros: 24_000 } } });
  expect(rows).toMatchObject([{ type: 'debit', amount: -36, account_id: person.accountId, user_id: person.id, note: null }]);
  expect(rows[0].metadata).toEqual({
    type: 'llm',
    model: 'm',
    input_tokens: 3000,
    output_tokens: 1000,
    cost_usd: 0.024,
    credits_per_usd: 1000,
    multiplier: 1.5,
    policy_multiplier: 1,
    method: 'cost_usd',
    raw_credits: 36,
    credits: 36,
    charged: 36,
    shortfall: 0,
  });
  expect(usage).toMatchObject([{ model: 'm', user_id: person.id, input_tokens: 3000, output_tokens: 1000, cost_usd: 0.024, shortfall: 0 }]);
  expect(await checkedBalance(app, person.accountId)).toBe(964);
  const listed = await call('GET', `/v1/runs?run_id=${runId}`, { token: person.token });
  expect(listed.body[0]).toMatchObject({ credits_used: 36, total_cost_usd: 0.024 });
  const { body } = await call('GET', '/v1/me/credits', { token: person.token });
  expect(body.transactions[0]).toMatchObject({ reference_type: 'run', reference_id: runId, amount: -36, thread_title: 'A talk' });
});

test('runs below 0.002 USD are free', async () => {
  const { person, vendor } = await customer();
  vendor.respondWith(answer(600, 10), answer(600, 20));
  const free = await run(person);
  expect([free.rows, free.usage.length, free.usage[0].cost_usd]).toEqual([[], 1, 0.00195]);
  const paid = await run(person);
  expect(paid.rows.map(({ amount }) => amount)).toEqual([-3]);
  expect(await checkedBalance(app, person.accountId)).toBe(997);
});

test('an expensive answer of few tokens is charged, and so is one whose prompt is cached', async () => {
  const { person, vendor } = await customer({ cost_per_1k_input: 0.15, cost_per_1k_output: 0.6 });
  vendor.respondWith(answer(1000, 999));
  expect((await run(person)).rows).toMatchObject([{ amount: -750 }]);

  const anthropic = await startVendor();
  vendors.push(anthropic);
  const provider = await addProvider(app, person, { provider: 'anthropic', base_url: anthropic.origin, api_key: 'sk-test-canary' });
  await addModel(app, person, provider, { ...prices, model: 'cached' });
  const usage = { input_tokens: 10, cache_read_input_tokens: 9_000, output_tokens: 1 };
  anthropic.respondWith({
    steps: [messages.event({ type: 'message_start', message: { usage } }), messages.text(0, 'Done.'), messages.stop],
  });
  const runId = await startRun(app, person, await openThread(app, person), { model: 'cached' });
  await readAll(url, runId, person.token);
  expect((await ledgerOf(app, runId)).rows).toMatchObject([{ amount: -3, metadata: { cost_usd: 0.002865 } }]);
});

test('without a free tier the charge is exact: 0.005 USD is 5, 2.007 USD is 2007, 0.000001 USD is 1', async () => {
  await policy(noFreeTierPolicy);
  const { person, vendor } = await customer({ cost_per_1k_input: 0.005 });
  await sql('update credit_balances set balance = 9000 where account_id = $1', [person.accountId]);
  const costs: number[] = [];
  for (const price of [0.005, 2.007, 0.000001]) {
    await call('PATCH', `/v1/llm-providers/${vendor.providerId}/models/${vendor.modelId}`, {
      token: person.token,
      body: { cost_per_1k_input: price },
    });
    vendor.respondWith(answer(1000, 0));
    const { rows } = await run(person);
    costs.push(rows[0].amount);
  }
  expect(costs).toEqual([-5, -2007, -1]);
  await policy(null);
});

test('without prices tokens are charged, cached ones at a discount', async () => {
  const { person, vendor } = await customer({});
  vendor.respondWith(answer(3000, 1000, { prompt_tokens_details: { cached_tokens: 1500 } }));
  const { rows } = await run(person);
  expect(rows).toMatchObject([{ amount: -4 }]);
  expect(rows[0].metadata).toMatchObject({
    method: 'token_fallback',
    effective_tokens: 3250,
    raw_credits: 3.25,
    credits: 4,
    cache_creation_tokens: 0,
    cache_read_tokens: 0,
    cached_tokens: 1500,
    cost_usd: 0,
  });
});

test('a shortfall is not owed, and no run starts until there are credits again', async () => {
  const { person, vendor } = await customer({ cost_per_1k_input: 0.001 });
  const adjust = (amount: number) =>
    call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: { account_id: person.accountId, amount } });
  await adjust(-997);
  vendor.respondWith(answer(10_000, 0));
  const { rows, usage, last } = await run(person);
  expect(last.type).toBe('run.completed');
  expect(rows).toMatchObject([{ amount: -3, metadata: { credits: 10, charged: 3, shortfall: 7 } }]);
  expect(usage).toMatchObject([{ shortfall: 7 }]);
  expect(await checkedBalance(app, person.accountId)).toBe(0);
  const threadId = await openThread(app, person);
  const messages = () => call('GET', `/v1/threads/${threadId}/messages`, { token: person.token }).then(({ text }) => text);
  const before = await messages();
  for (const path of ['/runs', ':retry']) {
    const refused = await call('POST', `/v1/threads/${threadId}${path}`, { token: person.token });
    expect([path, refused.status, refused.body.error, refused.body.details]).toEqual([
      path,
      402,
      'billing.insufficient_credits',
      { reason: 'credits_exhausted', balance: 0 },
    ]);
  }
  expect(await messages()).toBe(before);
  await adjust(1);
  vendor.respondWith(answer(2_000, 0));
  const next = await run(person);
  expect(next.rows).toMatchObject([{ amount: -1, metadata: { shortfall: 1 } }]);
});

test('with a balance of 0 there is no ledger row, and the usage record has the shortfall', async () => {
  const person = await signUp();
  const [runId] = await addRuns(app, person, 1);
  await call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: { account_id: person.accountId, amount: -1000 } });
  await charge(app, person, runId!, usageCosting(10));
  const { rows, usage } = await ledgerOf(app, runId!);
  expect([rows, usage[0].shortfall]).toEqual([[], 10]);
});

test('failed and cancelled runs are charged for their usage', async () => {
  const { person, vendor } = await customer();
  const turn = {
    steps: [chat.call(0, { id: 'c1', name: 'nothing', arguments: '{}' }), chat.stop('tool_calls'), used(3000, 1000), chat.done],
  };
  vendor.respondWith(turn, chat.failure(400, { message: 'No.', code: 'invalid_request' }));
  const failed = await run(person);
  expect(failed.last.type).toBe('run.failed');
  expect(failed.rows).toMatchObject([{ amount: -24 }]);

  vendor.respondWith(turn, { steps: [chat.text('slow'), 'stall'] });
  const runId = await startRun(app, person, await openThread(app, person));
  const stream = await openStream(url, runId, { token: person.token });
  await stream.until(({ type }) => type === 'message.delta');
  expect((await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).status).toBeLessThan(300);
  await stream.ended;
  expect(types(stream.events).at(-1)).toBe('run.cancelled');
  const { rows, usage } = await ledgerOf(app, runId);
  // The second turn reported no usage, so its prompt and its one token are estimated.
  expect(usage).toMatchObject([{ output_tokens: 1001, estimated: true }]);
  expect(usage[0].input_tokens).toBeGreaterThan(3_000);
  expect(rows).toMatchObject([{ amount: -Math.ceil(usage[0].cost_usd * 1_000) }]);
  expect(await checkedBalance(app, person.accountId)).toBe(1000 - 24 + rows[0].amount);
});

test('an end written concurrently by several workers is charged once', async () => {
  const person = await signUp();
  const [paid, free] = await addRuns(app, person, 2);
  await Promise.all(Array.from({ length: 8 }, () => charge(app, person, paid!, usageCosting(10))));
  await charge(app, person, paid!, usageCosting(400));
  await Promise.all(Array.from({ length: 8 }, () => charge(app, person, free!, usageCosting(1))));
  expect((await ledgerOf(app, paid!)).rows).toMatchObject([{ amount: -10 }]);
  expect((await ledgerOf(app, paid!)).usage).toMatchObject([{ input_tokens: 10_000, shortfall: 0 }]);
  const booked = await ledgerOf(app, free!);
  expect([booked.rows.length, booked.usage.length]).toEqual([0, 1]);
  expect(await checkedBalance(app, person.accountId)).toBe(990);
});

test('a failed transaction charges nothing', async () => {
  const person = await signUp();
  const [runId] = await addRuns(app, person, 1);
  const broken = app.database.transaction(async (tx) => {
    const settings = { 'credit.per_usd': 1000, 'credit.deduction_policy': noFreeTierPolicy, 'credit.low_threshold': 0 };
    chargeRun(tx, { id: runId!, account_id: person.accountId, multiplier: '1' }, usageCosting(10), settings);
    throw new Error('the worker dies');
  });
  await expect(broken).rejects.toThrow('the worker dies');
  expect(await ledgerOf(app, runId!)).toEqual({ rows: [], usage: [] });
  expect(await checkedBalance(app, person.accountId)).toBe(1000);
});

test('applies a policy by cost and the credit rate, and defaults for invalid values', async () => {
  const person = await signUp();
  const runs = await addRuns(app, person, 4);
  const priced = (cost: string) => ({ usage: { input_tokens: 5000, output_tokens: 0 }, cost });
  const amountOf = async (runId: string) =>
    (await ledgerOf(app, runId)).rows.map(({ amount, metadata }) => [amount, metadata.credits_per_usd]);
  await setPlatformSettings(app, {
    'credit.deduction_policy': '{"tiers":[{"up_to_cost_usd":0.01,"multiplier":0.5},{"multiplier":1}]}',
    'credit.per_usd': 2000,
  });
  await charge(app, person, runs[0]!, priced('0.0099999'));
  await charge(app, person, runs[1]!, priced('0.01'));
  await setPlatformSettings(app, { 'credit.deduction_policy': 'not a policy', 'credit.per_usd': 0 });
  await charge(app, person, runs[2]!, priced('0.01'));
  await charge(app, person, runs[3]!, { usage: { input_tokens: 5000 }, cost: '0.0019' });
  expect(await Promise.all(runs.map(amountOf))).toEqual([[[-10, 2000]], [[-20, 2000]], [[-10, 1000]], []]);
  await sql(`delete from platform_settings where key like 'credit.%'`);
});
