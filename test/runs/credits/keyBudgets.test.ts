import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { chat, type ScriptedResponse, startVendor } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { checkedBalance, noFreeTierPolicy } from '../../support/credits/credits.ts';
import { customersOf, done, stalled, tokenPrices } from '../../support/credits/customers.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually, openThread } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '16' });
const { call, sql } = app;
const { customer, cancel, end } = customersOf(app);
beforeAll(() => setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy }));

const keyOf = async ({ token }: Person, body: object) =>
  (await call('POST', '/v1/api-keys', { token, body: { name: 'a key', ...body } })).body;
const usage = async ({ token }: Person, id: string) => (await call('GET', `/v1/api-keys/${id}/usage`, { token })).body;
const start = async (person: Person, token: string, body: object = {}) =>
  call('POST', `/v1/threads/${await openThread(app, person)}/runs`, { token, body });
const complete = (token: string, model = 'm') =>
  call('POST', '/v1/chat/completions', { token, body: { model, messages: [{ role: 'user', content: 'Hello' }] } });

test('a run ends before the call that its key cannot pay, is charged to the key, and a raised limit applies to the next run', async () => {
  const person = await customer(1_000_000, [done, done, done, done]);
  const { id, key } = await keyOf(person, { limits: { credits_per_month: 7, credits_total: 100_000 } });
  const first = await start(person, key);
  expect(await end(person, first.body.run_id)).toMatchObject({ type: 'run.completed' });
  expect(await usage(person, id)).toMatchObject({
    day: { credits: 5 },
    month: { credits: 5, resets_at: expect.stringMatching(/-01T00:00:00\.000Z$/) },
    total: { credits: 5 },
    reserved_credits: 0,
  });
  // As the only run of the key it may use the 2 credits that are left, and a call more.
  const second = await start(person, key);
  expect(await end(person, second.body.run_id)).toMatchObject({ type: 'run.completed' });
  const refused = await start(person, key);
  expect(refused.body.details).toMatchObject({
    reason: 'key_budget_exhausted',
    budget: 'credits_per_month',
    limit: 7,
    used: 10,
    reserved: 0,
  });
  await call('PATCH', `/v1/api-keys/${id}`, { token: person.token, body: { limits: { credits_per_month: null } } });
  const third = await start(person, key);
  expect(await end(person, third.body.run_id)).toMatchObject({ type: 'run.completed' });
  expect((await usage(person, id)).total.credits).toBe(15);
  expect(await checkedBalance(app, person.accountId)).toBe(1_000_000 - 15);
  const [{ spent }] = await sql(`select sum(credits)::int as spent from api_key_usage where account_id = $1 and api_key_id = $2`, [
    person.accountId,
    id,
  ]);
  expect(spent).toBe(15);
});

test('a call that would exceed the budget together with the open calls of the key is not made', async () => {
  const person = await customer(1_000_000, [stalled, stalled]);
  const { id, key } = await keyOf(person, { limits: { credits_per_day: 100_000 } });
  const first = await start(person, key);
  const reserved = await eventually(async () => {
    const { reserved_credits: now } = await usage(person, id);
    return now > 1_000 && now;
  }, 'the reservation of the call');
  // Enough for the start of a run, but not for its call.
  const limit = reserved + 500;
  await call('PATCH', `/v1/api-keys/${id}`, { token: person.token, body: { limits: { credits_per_day: limit } } });
  const second = await start(person, key);
  expect(await end(person, second.body.run_id)).toMatchObject({
    type: 'run.failed',
    data: {
      error_class: 'budget.exceeded',
      code: 'entitlement.key_budget_exhausted',
      details: { reason: 'key_budget_exhausted', budget: 'credits_per_day', limit, used: 0, reserved },
    },
  });
  await cancel(person, first.body.run_id);
  await end(person, first.body.run_id);
});

test('chat completions of a key share one budget with its runs, and reservations of both count', async () => {
  const hold = Promise.withResolvers<void>();
  const slow: ScriptedResponse = { steps: [chat.text('a'), { wait: hold.promise }, ...chat.answer('b').steps!] };
  const person = await customer(1_000_000, [slow]);
  const { id, key } = await keyOf(person, { limits: { credits_total: 15 } });
  const running = complete(key);
  await eventually(async () => (await usage(person, id)).reserved_credits === 15, 'the call has reserved all of the budget');
  expect([statusAndReason(await start(person, key)), (await complete(key)).status]).toEqual([[402, 'key_budget_exhausted'], 402]);
  hold.resolve();
  expect((await running).status).toBe(200);
  const { total, reserved_credits } = await usage(person, id);
  expect([total.credits, reserved_credits]).toEqual([17, 0]);
  expect((await complete(key)).body.details).toMatchObject({ budget: 'credits_total', used: 17, reserved: 0, resets_at: null });
});

test('a key without credits left, or with a list of models, sends input only to runs that it started', async () => {
  const person = await customer(1_000_000, [stalled, stalled]);
  const { key } = await keyOf(person, { limits: { credits_total: 1 } });
  const { key: narrow } = await keyOf(person, { models: ['m'] });
  const { key: free } = await keyOf(person, { limits: { credits_total: 1 } });
  const [{ body: other }, { body: own }] = [await start(person, person.token), await start(person, key)];
  const send = (token: string, runId: string) => call('POST', `/v1/runs/${runId}/input`, { token, body: { content: 'More' } });
  expect(statusAndReason(await send(key, other.run_id))).toEqual([402, 'key_budget_exhausted']);
  expect(statusAndReason(await send(narrow, other.run_id))).toEqual([403, 'model_not_allowed']);
  expect([(await send(key, own.run_id)).status, (await send(free, other.run_id)).status]).toEqual([200, 200]);
  for (const { run_id } of [other, own]) {
    await cancel(person, run_id);
    await end(person, run_id);
  }
});

test('a key uses only its models: in completions, lists and runs, also through schedules, and the default is one of them', async () => {
  const person = await customer(1_000_000, [done, done, done]);
  const vendor = await startVendor();
  onTestFinished(() => vendor.close());
  vendor.respondWith(done, done);
  const provider = await addProvider(app, person, { name: 'Second', base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions' });
  await addModel(app, person, provider, { model: 'other-model', ...tokenPrices });
  const { key } = await keyOf(person, { models: ['Second^OTHER-model'] });
  const listed = async (token: string) => (await call('GET', '/v1/models', { token })).body.data.map((model: { id: string }) => model.id);
  expect([await listed(key), await listed(person.token)]).toEqual([['other-model'], expect.arrayContaining(['m', 'other-model', 'stub'])]);
  const refused = await complete(key);
  expect([refused.status, refused.body.error.code, refused.body.details.reason]).toEqual([403, 'model_not_allowed', 'model_not_allowed']);
  expect((await call('GET', '/v1/models/m', { token: key })).status).toBe(403);
  expect((await complete(key, 'other-model')).status).toBe(200);
  const denied = await start(person, key, { model: 'm' });
  expect(await end(person, denied.body.run_id)).toMatchObject({ type: 'run.failed', data: { code: 'policy.model_not_allowed' } });
  const chosen = await start(person, key);
  expect(await end(person, chosen.body.run_id)).toMatchObject({ type: 'run.completed' });
  const [run] = await sql('select model, api_key_id is not null as of_key from runs where id = $1', [chosen.body.run_id]);
  expect(run).toEqual({ model: 'other-model', of_key: true });

  const schedule = await call('POST', '/v1/schedules', {
    token: key,
    body: { name: 'Later', input: 'Hello', cron: '0 6 1 1 *', timezone: 'UTC' },
  });
  expect(schedule.status).toBe(201);
  const [stored] = await sql('select s.api_key_id, k.name from schedules s join api_keys k on k.id = s.api_key_id where s.id = $1', [
    schedule.body.id,
  ]);
  expect(stored).toMatchObject({ name: 'a key' });
});
