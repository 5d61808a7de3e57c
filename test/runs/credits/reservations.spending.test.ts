import { beforeAll, expect, test } from 'vitest';
import { textTokens } from '../../../server/models/estimate.ts';
import { dataOf, textStored } from '../../support/agent/agent.ts';
import { addScriptedModel } from '../../support/agent/scriptedModel.ts';
import { askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { checkedBalance, ledgerOf, noFreeTierPolicy, setBalance } from '../../support/credits/credits.ts';
import { customersOf, done, stalled, tokenPrices } from '../../support/credits/customers.ts';
import { readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '16' });
const { call, signUp, promote, url } = app;
const { customer, vendors, creditsOf, cancel, follow, end, dueOf } = customersOf(app);
const admin = await signUp();
beforeAll(async () => {
  await promote(admin);
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
});

test('a call reserves its maximum cost, so a concurrent run fails before its call and is free', async () => {
  const person = await customer(3_000, [stalled, done]);
  const first = await startRun(app, person, await openThread(app, person));
  await (await follow(person, first)).until(({ type }) => type === 'message.delta');
  const { reserved } = await creditsOf(person);
  // The prompt including tool definitions, and 1,024 output tokens.
  expect(reserved).toBeGreaterThan(1_024 + 500);
  const second = await startRun(app, person, await openThread(app, person));
  expect(await end(person, second)).toMatchObject({
    type: 'run.failed',
    error_class: 'budget.exceeded',
    data: { code: 'entitlement.credits_exhausted', details: { reason: 'credits_exhausted', balance: 3_000 } },
  });
  expect((await ledgerOf(app, second)).rows).toEqual([]);
  expect(await creditsOf(person)).toMatchObject({ balance: 3_000, reserved });
  expect(vendors.at(-1)!.requests).toHaveLength(1);
  await cancel(person, first);
  await end(person, first);
  expect(await creditsOf(person)).toMatchObject({ reserved: 0 });
});

test('a single run completes with a small balance', async () => {
  const person = await customer(3, [done]);
  const runId = await startRun(app, person, await openThread(app, person));
  expect(await end(person, runId)).toMatchObject({ type: 'run.completed' });
  expect((await ledgerOf(app, runId)).rows).toMatchObject([{ amount: -3, metadata: { credits: 5, shortfall: 2 } }]);
  expect(await creditsOf(person)).toEqual({ balance: 0, reserved: 0, available: 0 });
});

test('an endless tool loop is stopped when the credits are exhausted, after at most one more turn', async () => {
  const person = await signUp();
  await addScriptedModel(app, person, () => callsTools(['timeline_title', { label: 'x' }]), tokenPrices);
  await setBalance(app, person, 500);
  const runId = await startRun(app, person, await openThread(app, person));
  const last = await end(person, runId);
  expect(last).toMatchObject({
    type: 'run.failed',
    error_class: 'budget.exceeded',
    data: { usage: { input_tokens: 500, output_tokens: 100 } },
  });
  // Five turns of 120 credits.
  expect((await ledgerOf(app, runId)).rows).toMatchObject([{ amount: -500, metadata: { credits: 600, shortfall: 100 } }]);
});

test('a long answer is stopped within one reservation step after the credits are exhausted', async () => {
  const word = 'lorem ipsum dolor ';
  const person = await customer(1, [{ steps: Array.from({ length: 6_000 }, () => chat.text(word)) }]);
  const runId = await startRun(app, person, await openThread(app, person));
  const last = await end(person, runId);
  expect(last).toMatchObject({ type: 'run.failed', error_class: 'budget.exceeded' });
  const [{ output_tokens: output }] = (await ledgerOf(app, runId)).usage;
  expect(output).toBeGreaterThan(1_000);
  expect(output).toBeLessThan(2 * 1_024);
  expect(output).toBeLessThan(textTokens(word) * 6_000);
});

test('a run waiting for input keeps its usage reserved, even above the balance', async () => {
  const costly = [...callsTools(['ask_user', askUserArgs()]).steps!];
  costly[costly.length - 2] = chat.usage({ prompt_tokens: 4_000, completion_tokens: 20, total_tokens: 4_020 });
  const person = await customer(100, [{ steps: costly }]);
  const runId = await startRun(app, person, await openThread(app, person));
  await (await follow(person, runId)).until(({ type }) => type === 'run.waiting_for_input');
  expect(await creditsOf(person)).toEqual({ balance: 100, reserved: 4_020, available: 0 });
  const refused = await call('POST', `/v1/threads/${await openThread(app, person)}/runs`, { token: person.token });
  expect([refused.status, refused.body.details]).toEqual([
    402,
    { reason: 'credits_exhausted', balance: 100, reserved: 4_020, available: 0 },
  ]);
  await call('POST', `/v1/runs/${runId}/input`, { token: person.token, body: { content: '{"colour":"red"}' } });
  expect(await end(person, runId)).toMatchObject({ type: 'run.failed', error_class: 'budget.exceeded' });
  expect(await creditsOf(person)).toEqual({ balance: 0, reserved: 0, available: 0 });
});

test('an administrator may deduct reserved credits, and the run stops before its next call', async () => {
  for (const take of [
    (person: Person) =>
      call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: { account_id: person.accountId, amount: -95 } }),
    () => call('POST', '/v1/admin/credits/reset-all', { token: admin.token, body: {} }),
  ]) {
    const person = await signUp();
    await addScriptedModel(app, person, (messages) => (messages.length > 3 ? done : callsTools(['ask_user', askUserArgs()])), tokenPrices);
    await setBalance(app, person, 200);
    const runId = await startRun(app, person, await openThread(app, person));
    const stream = await follow(person, runId);
    await stream.until(({ type }) => type === 'run.waiting_for_input');
    expect(await creditsOf(person)).toMatchObject({ balance: 200, available: 0 });
    expect((await take(person)).status).toBe(200);
    const { balance, reserved, available } = await creditsOf(person);
    expect([balance < reserved, available]).toEqual([true, 0]);
    await call('POST', `/v1/runs/${runId}/input`, { token: person.token, body: { content: '{"colour":"red"}' } });
    await stream.ended;
    expect(stream.events.at(-1)).toMatchObject({ type: 'run.failed', error_class: 'budget.exceeded' });
    expect(await checkedBalance(app, person.accountId)).toBe(0);
  }
});

test('parallel runs overspend the account by at most one turn', async () => {
  const person = await signUp();
  /** Turns of 2,000 tokens. The reported prompt size is close to the estimate. */
  const usage = chat.usage({ prompt_tokens: 1_500, completion_tokens: 500, total_tokens: 2_000 });
  await addScriptedModel(
    app,
    person,
    (messages) => {
      const turns = messages.filter(({ role }) => role === 'assistant').length;
      const wanted = Number(messages.find(({ role }) => role === 'user')!.content);
      const said =
        turns < wanted ? [...callsTools(['timeline_title', { label: 'x' }]).steps!.slice(0, 2)] : [chat.text('Done.'), chat.stop()];
      return { steps: [{ wait: 20 }, ...said, usage, chat.done] };
    },
    tokenPrices,
  );
  await setBalance(app, person, 24_000);
  const threads = await Promise.all(Array.from({ length: 12 }, (_, at) => openThread(app, person, String((at % 3) * 3))));
  const runs = await Promise.all(threads.map((threadId) => startRun(app, person, threadId)));
  const ends = await Promise.all(runs.map((runId) => end(person, runId)));
  const types = ends.map(({ type }) => type);
  expect(new Set(types)).toEqual(new Set(['run.completed', 'run.failed']));
  for (const { type, error_class: errorClass } of ends) if (type === 'run.failed') expect(errorClass).toBe('budget.exceeded');
  // All twelve runs together would have cost 96,000.
  const due = await dueOf(person);
  expect(due).toBeGreaterThan(20_000);
  expect(due).toBeLessThanOrEqual(24_000 + 2_000);
  await checkedBalance(app, person.accountId);
  expect(await creditsOf(person)).toMatchObject({ reserved: 0 });
});

test('the costs in the events of turns and retries add up to the charge', async () => {
  const person = await customer(100_000, []);
  const half: ScriptedResponse = { steps: [chat.text('half'), { wait: () => textStored(app, person, 'half') }, 'cut'] };
  vendors.at(-1)!.respondWith(half, callsTools(['timeline_title', { label: 'x' }]), done);
  await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 10 });
  const runId = await startRun(app, person, await openThread(app, person));
  const events = await readAll(url, runId, person.token);
  const parts = [...dataOf(events, 'llm.turn.completed'), ...dataOf(events, 'run.llm.retry')];
  const sum = parts.reduce((total, { cost }) => total + cost!.amount_micros, 0);
  expect(events.at(-1)).toMatchObject({ type: 'run.completed', data: { cost: { amount_micros: sum } } });
  expect((await ledgerOf(app, runId)).rows).toMatchObject([{ amount: -sum / 1_000 }]);
});
