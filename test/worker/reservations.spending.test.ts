import { beforeAll, expect, test } from 'vitest';
import { textTokens } from '../../server/agent/context/estimate.ts';
import { dataOf } from '../setup/agent.ts';
import { addBrain } from '../setup/brain.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { bookedOf, everythingCosts, setBalance, soundBalance } from '../setup/credits.ts';
import { customersOf, done, stalled, tokenPrices } from '../setup/customers.ts';
import { readAll } from '../setup/events.ts';
import { setPlatform } from '../setup/settings.ts';
import { asks, question } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '16' });
const { call, signUp, promote, url } = world;
const { customer, vendors, creditsOf, cancel, follow, end, dueOf } = customersOf(world);
const admin = await signUp();
beforeAll(async () => {
  await promote(admin);
  await setPlatform(world, { 'credit.deduction_policy': everythingCosts });
});

test('a call reserves what it may cost: beside one that is under way another is stopped before it is made, and costs nothing', async () => {
  const person = await customer(3_000, [stalled, done]);
  const first = await startRun(world, person, await openThread(world, person));
  await (await follow(person, first)).until(({ type }) => type === 'message.delta');
  const { reserved } = await creditsOf(person);
  // Its prompt with the descriptions of the tools, and 1,024 tokens of output.
  expect(reserved).toBeGreaterThan(1_024 + 500);
  const second = await startRun(world, person, await openThread(world, person));
  expect(await end(person, second)).toMatchObject({
    type: 'run.failed',
    error_class: 'budget.exceeded',
    data: { code: 'entitlement.credits_exhausted', details: { reason: 'credits_exhausted', balance: 3_000 } },
  });
  expect((await bookedOf(world, second)).rows).toEqual([]);
  expect(await creditsOf(person)).toMatchObject({ balance: 3_000, reserved });
  expect(vendors.at(-1)!.requests).toHaveLength(1);
  await cancel(person, first);
  await end(person, first);
  expect(await creditsOf(person)).toMatchObject({ reserved: 0 });
});

test('a small balance does not keep a run that is alone from its answer', async () => {
  const person = await customer(3, [done]);
  const runId = await startRun(world, person, await openThread(world, person));
  expect(await end(person, runId)).toMatchObject({ type: 'run.completed' });
  expect((await bookedOf(world, runId)).rows).toMatchObject([{ amount: -3, metadata: { credits: 5, shortfall: 2 } }]);
  expect(await creditsOf(person)).toEqual({ balance: 0, reserved: 0, available: 0 });
});

test('a run that calls tools for ever is stopped when the account has nothing left, after at most one turn too many', async () => {
  const person = await signUp();
  await addBrain(world, person, () => asks(['timeline_title', { label: 'x' }]), tokenPrices);
  await setBalance(world, person, 500);
  const runId = await startRun(world, person, await openThread(world, person));
  const last = await end(person, runId);
  expect(last).toMatchObject({
    type: 'run.failed',
    error_class: 'budget.exceeded',
    data: { usage: { input_tokens: 500, output_tokens: 100 } },
  });
  // Five turns of 120 credits.
  expect((await bookedOf(world, runId)).rows).toMatchObject([{ amount: -500, metadata: { credits: 600, shortfall: 100 } }]);
});

test('a long answer is stopped when the account has nothing left, soon after that', async () => {
  const word = 'lorem ipsum dolor ';
  const person = await customer(1, [{ steps: Array.from({ length: 6_000 }, () => chat.text(word)) }]);
  const runId = await startRun(world, person, await openThread(world, person));
  const last = await end(person, runId);
  expect(last).toMatchObject({ type: 'run.failed', error_class: 'budget.exceeded' });
  const [{ output_tokens: output }] = (await bookedOf(world, runId)).usage;
  expect(output).toBeGreaterThan(1_000);
  expect(output).toBeLessThan(2 * 1_024);
  expect(output).toBeLessThan(textTokens(word) * 6_000);
});

test('a run that waits for its user keeps what it has used reserved, even if that is more than the account has', async () => {
  const costly = [...asks(['ask_user', question()]).steps!];
  costly[costly.length - 2] = chat.usage({ prompt_tokens: 4_000, completion_tokens: 20, total_tokens: 4_020 });
  const person = await customer(100, [{ steps: costly }]);
  const runId = await startRun(world, person, await openThread(world, person));
  await (await follow(person, runId)).until(({ type }) => type === 'run.waiting_for_input');
  expect(await creditsOf(person)).toEqual({ balance: 100, reserved: 4_020, available: 0 });
  const refused = await call('POST', `/v1/threads/${await openThread(world, person)}/runs`, { token: person.token });
  expect([refused.status, refused.body.details]).toEqual([
    402,
    { reason: 'credits_exhausted', balance: 100, reserved: 4_020, available: 0 },
  ]);
  await call('POST', `/v1/runs/${runId}/input`, { token: person.token, body: { content: '{"colour":"red"}' } });
  expect(await end(person, runId)).toMatchObject({ type: 'run.failed', error_class: 'budget.exceeded' });
  expect(await creditsOf(person)).toEqual({ balance: 0, reserved: 0, available: 0 });
});

test('an administrator may take reserved credits: the run stops before its next call', async () => {
  for (const take of [
    (person: Person) =>
      call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: { account_id: person.accountId, amount: -95 } }),
    () => call('POST', '/v1/admin/credits/reset-all', { token: admin.token, body: {} }),
  ]) {
    const person = await signUp();
    await addBrain(world, person, (messages) => (messages.length > 3 ? done : asks(['ask_user', question()])), tokenPrices);
    await setBalance(world, person, 200);
    const runId = await startRun(world, person, await openThread(world, person));
    const stream = await follow(person, runId);
    await stream.until(({ type }) => type === 'run.waiting_for_input');
    expect(await creditsOf(person)).toMatchObject({ balance: 200, available: 0 });
    expect((await take(person)).status).toBe(200);
    const { balance, reserved, available } = await creditsOf(person);
    expect([balance < reserved, available]).toEqual([true, 0]);
    await call('POST', `/v1/runs/${runId}/input`, { token: person.token, body: { content: '{"colour":"red"}' } });
    await stream.ended;
    expect(stream.events.at(-1)).toMatchObject({ type: 'run.failed', error_class: 'budget.exceeded' });
    expect(await soundBalance(world, person.accountId)).toBe(0);
  }
});

test('parallel runs that all spend overspend the account by no more than one turn', async () => {
  const person = await signUp();
  /** Turns of 2,000 tokens: the prompt, which is reported as it is estimated, and the rest as output. */
  const usage = chat.usage({ prompt_tokens: 1_500, completion_tokens: 500, total_tokens: 2_000 });
  await addBrain(
    world,
    person,
    (messages) => {
      const turns = messages.filter(({ role }) => role === 'assistant').length;
      const wanted = Number(messages.find(({ role }) => role === 'user')!.content);
      const said = turns < wanted ? [...asks(['timeline_title', { label: 'x' }]).steps!.slice(0, 2)] : [chat.text('Done.'), chat.stop()];
      return { steps: [{ wait: 20 }, ...said, usage, chat.done] };
    },
    tokenPrices,
  );
  await setBalance(world, person, 24_000);
  const threads = await Promise.all(Array.from({ length: 12 }, (_, at) => openThread(world, person, String((at % 3) * 3))));
  const runs = await Promise.all(threads.map((threadId) => startRun(world, person, threadId)));
  const ends = await Promise.all(runs.map((runId) => end(person, runId)));
  const types = ends.map(({ type }) => type);
  expect(new Set(types)).toEqual(new Set(['run.completed', 'run.failed']));
  for (const { type, error_class: errorClass } of ends) if (type === 'run.failed') expect(errorClass).toBe('budget.exceeded');
  // All twelve runs together would have cost 96,000.
  const due = await dueOf(person);
  expect(due).toBeGreaterThan(20_000);
  expect(due).toBeLessThanOrEqual(24_000 + 2_000);
  await soundBalance(world, person.accountId);
  expect(await creditsOf(person)).toMatchObject({ reserved: 0 });
});

test('what a turn cost is in its events, so that they add up to what is charged', async () => {
  const person = await customer(100_000, [
    { steps: [chat.text('half'), { wait: 60 }, 'cut'] },
    asks(['timeline_title', { label: 'x' }]),
    done,
  ]);
  await setPlatform(world, { 'llm.retry.base_delay_ms': 10 });
  const runId = await startRun(world, person, await openThread(world, person));
  const events = await readAll(url, runId, person.token);
  const parts = [...dataOf(events, 'llm.turn.completed'), ...dataOf(events, 'run.llm.retry')];
  const sum = parts.reduce((total, { cost }) => total + cost!.amount_micros, 0);
  expect(events.at(-1)).toMatchObject({ type: 'run.completed', data: { cost: { amount_micros: sum } } });
  expect((await bookedOf(world, runId)).rows).toMatchObject([{ amount: -sum / 1_000 }]);
});
