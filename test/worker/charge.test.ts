import { afterAll, beforeAll, expect, test } from 'vitest';
import { chargeRun } from '../../server/resources/credits/charge.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { addRuns, bookedOf, charge, everythingCosts, soundBalance, worth } from '../setup/credits.ts';
import { openStream, readAll, types } from '../setup/events.ts';
import { addModel } from '../setup/model.ts';
import { setPlatform } from '../setup/settings.ts';
import { chat, type Vendor } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld();
const { call, sql, signUp, promote, url } = world;
const vendors: Vendor[] = [];
const admin = await signUp();
beforeAll(() => promote(admin));
afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));

/** The setting is forgotten before the next run. */
const policy = (tiers: string | null) => setPlatform(world, { 'credit.deduction_policy': tiers });
const prices = { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015 };

/** Somebody with a model of his own. */
async function customer(fields: object = prices) {
  const person = await signUp();
  const vendor = await addModel(world, person, fields);
  vendors.push(vendor);
  return { person, vendor };
}
const used = (input: number, output: number, more: object = {}) =>
  chat.usage({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output, ...more });
const answer = (input: number, output: number, more: object = {}) => ({
  steps: [chat.text('Done.'), chat.stop(), used(input, output, more), chat.done],
});
async function run(person: Person) {
  const runId = await startRun(world, person, await openThread(world, person));
  const events = await readAll(url, runId, person.token);
  return { runId, last: events.at(-1)!, ...(await bookedOf(world, runId)) };
}

test('a run costs its price, says how it came about, and tells it in the list of runs', async () => {
  const { person, vendor } = await customer({ ...prices, multiplier: 1.5 });
  vendor.answers(answer(3000, 1000));
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
  expect(await soundBalance(world, person.accountId)).toBe(964);
  const listed = await call('GET', `/v1/runs?run_id=${runId}`, { token: person.token });
  expect(listed.body[0]).toMatchObject({ credits_used: 36, total_cost_usd: 0.024 });
  const { body } = await call('GET', '/v1/me/credits', { token: person.token });
  expect(body.transactions[0]).toMatchObject({ reference_type: 'run', reference_id: runId, amount: -36, thread_title: 'A talk' });
});

test('fewer than 2000 tokens are free, 2000 are not', async () => {
  const { person, vendor } = await customer();
  vendor.answers(answer(1000, 999), answer(1000, 1000));
  const free = await run(person);
  expect([free.rows, free.usage.length, free.usage[0].cost_usd]).toEqual([[], 1, 0.017985]);
  const paid = await run(person);
  expect(paid.rows.map(({ amount }) => amount)).toEqual([-18]);
  expect(await soundBalance(world, person.accountId)).toBe(982);
});

test('with nothing free the cost is exact: 0.005 is 5, 2.007 is 2007 and a millionth is 1', async () => {
  await policy(everythingCosts);
  const { person, vendor } = await customer({ cost_per_1k_input: 0.005 });
  await sql('update credit_balances set balance = 9000 where account_id = $1', [person.accountId]);
  const costs: number[] = [];
  for (const price of [0.005, 2.007, 0.000001]) {
    await call('PATCH', `/v1/llm-providers/${vendor.providerId}/models/${vendor.modelId}`, {
      token: person.token,
      body: { cost_per_1k_input: price },
    });
    vendor.answers(answer(1000, 0));
    const { rows } = await run(person);
    costs.push(rows[0].amount);
  }
  expect(costs).toEqual([-5, -2007, -1]);
  await policy(null);
});

test('without prices tokens are counted instead, those of a cache for less', async () => {
  const { person, vendor } = await customer({});
  vendor.answers(answer(3000, 1000, { prompt_tokens_details: { cached_tokens: 1500 } }));
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

test('what the balance lacks is no debt, and nothing more is begun until there are credits again', async () => {
  const { person, vendor } = await customer({ cost_per_1k_input: 0.001 });
  const adjust = (amount: number) =>
    call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: { account_id: person.accountId, amount } });
  await adjust(-997);
  vendor.answers(answer(10_000, 0));
  const { rows, usage, last } = await run(person);
  expect(last.type).toBe('run.completed');
  expect(rows).toMatchObject([{ amount: -3, metadata: { credits: 10, charged: 3, shortfall: 7 } }]);
  expect(usage).toMatchObject([{ shortfall: 7 }]);
  expect(await soundBalance(world, person.accountId)).toBe(0);
  const threadId = await openThread(world, person);
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
  vendor.answers(answer(2_000, 0));
  const next = await run(person);
  expect(next.rows).toMatchObject([{ amount: -1, metadata: { shortfall: 1 } }]);
});

test('with a balance of 0 there is no row, and the usage record still says what was missing', async () => {
  const person = await signUp();
  const [runId] = await addRuns(world, person, 1);
  await call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: { account_id: person.accountId, amount: -1000 } });
  await charge(world, person, runId!, worth(10));
  const { rows, usage } = await bookedOf(world, runId!);
  expect([rows, usage[0].shortfall]).toEqual([[], 10]);
});

test('a failed run and a cancelled one pay for what they have used', async () => {
  const { person, vendor } = await customer();
  const turn = {
    steps: [chat.call(0, { id: 'c1', name: 'nothing', arguments: '{}' }), chat.stop('tool_calls'), used(3000, 1000), chat.done],
  };
  vendor.answers(turn, chat.failure(400, { message: 'No.', code: 'invalid_request' }));
  const failed = await run(person);
  expect(failed.last.type).toBe('run.failed');
  expect(failed.rows).toMatchObject([{ amount: -24 }]);

  vendor.answers(turn, { steps: [chat.text('slow'), 'stall'] });
  const runId = await startRun(world, person, await openThread(world, person));
  const stream = await openStream(url, runId, { token: person.token });
  await stream.until(({ type }) => type === 'message.delta');
  expect((await call('POST', `/v1/runs/${runId}:cancel`, { token: person.token })).status).toBeLessThan(300);
  await stream.ended;
  expect(types(stream.events).at(-1)).toBe('run.cancelled');
  const { rows, usage } = await bookedOf(world, runId);
  // The second turn ended without a report: its prompt and its one word are estimated.
  expect(usage).toMatchObject([{ output_tokens: 1001, estimated: true }]);
  expect(usage[0].input_tokens).toBeGreaterThan(3_000);
  expect(rows).toMatchObject([{ amount: -Math.ceil(usage[0].cost_usd * 1_000) }]);
  expect(await soundBalance(world, person.accountId)).toBe(1000 - 24 + rows[0].amount);
});

test('the end that is written by several workers at once charges once', async () => {
  const person = await signUp();
  const [paid, free] = await addRuns(world, person, 2);
  await Promise.all(Array.from({ length: 8 }, () => charge(world, person, paid!, worth(10))));
  await charge(world, person, paid!, worth(400));
  await Promise.all(Array.from({ length: 8 }, () => charge(world, person, free!, worth(1))));
  expect((await bookedOf(world, paid!)).rows).toMatchObject([{ amount: -10 }]);
  expect((await bookedOf(world, paid!)).usage).toMatchObject([{ input_tokens: 10_000, shortfall: 0 }]);
  const booked = await bookedOf(world, free!);
  expect([booked.rows.length, booked.usage.length]).toEqual([0, 1]);
  expect(await soundBalance(world, person.accountId)).toBe(990);
});

test('where the transaction fails nothing is charged', async () => {
  const person = await signUp();
  const [runId] = await addRuns(world, person, 1);
  const broken = world.database.transaction(async (tx) => {
    const settings = { 'credit.per_usd': 1000, 'credit.deduction_policy': everythingCosts };
    chargeRun(tx, { id: runId!, account_id: person.accountId, multiplier: '1' }, worth(10), settings);
    throw new Error('the worker dies');
  });
  await expect(broken).rejects.toThrow('the worker dies');
  expect(await bookedOf(world, runId!)).toEqual({ rows: [], usage: [] });
  expect(await soundBalance(world, person.accountId)).toBe(1000);
});

test('a policy by cost, with a price of credits, or that cannot be read', async () => {
  const person = await signUp();
  const runs = await addRuns(world, person, 4);
  const priced = (cost: string) => ({ usage: { input_tokens: 5000, output_tokens: 0 }, cost });
  const amountOf = async (runId: string) =>
    (await bookedOf(world, runId)).rows.map(({ amount, metadata }) => [amount, metadata.credits_per_usd]);
  await setPlatform(world, {
    'credit.deduction_policy': '{"tiers":[{"up_to_cost_usd":0.01,"multiplier":0.5},{"up_to_tokens":1,"multiplier":9}]}',
    'credit.per_usd': 2000,
  });
  await charge(world, person, runs[0]!, priced('0.0099999'));
  await charge(world, person, runs[1]!, priced('0.01'));
  await setPlatform(world, { 'credit.deduction_policy': 'not a policy', 'credit.per_usd': 0 });
  await charge(world, person, runs[2]!, priced('0.01'));
  await charge(world, person, runs[3]!, { usage: { input_tokens: 1999 }, cost: '5' });
  expect(await Promise.all(runs.map(amountOf))).toEqual([[[-10, 2000]], [[-20, 2000]], [[-10, 1000]], []]);
  await sql(`delete from platform_settings where key like 'credit.%'`);
});
