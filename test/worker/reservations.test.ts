import { afterAll, beforeAll, expect, test } from 'vitest';
import { textTokens } from '../../server/agent/context/estimate.ts';
import { dataOf } from '../setup/agent.ts';
import { addBrain } from '../setup/brain.ts';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { addRuns, bookedOf, everythingCosts, setBalance, soundBalance } from '../setup/credits.ts';
import { openStream, readAll } from '../setup/events.ts';
import { addModel } from '../setup/model.ts';
import { tally } from '../setup/race.ts';
import { setPlatform } from '../setup/settings.ts';
import { asks, question } from '../setup/tools.ts';
import { chat, type Scripted, type Vendor } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '16' });
const { call, sql, signUp, promote, url } = world;
const vendors: Vendor[] = [];
const admin = await signUp();
beforeAll(async () => {
  await promote(admin);
  await setPlatform(world, { 'credit.deduction_policy': everythingCosts });
});
afterAll(() => Promise.all(vendors.map((vendor) => vendor.close())));

/** A dollar per 1,000 tokens: a token is a credit. */
const prices = { cost_per_1k_input: 1, cost_per_1k_output: 1 };
const stalled: Scripted = { steps: [chat.text('a'), 'stall'] };
const done: Scripted = {
  steps: [chat.text('Done.'), chat.stop(), chat.usage({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }), chat.done],
};

/** A person with a balance and a model whose answers are scripted. */
async function customer(balance: number, script: Scripted[], model: object = prices) {
  const person = await signUp();
  const vendor = await addModel(world, person, model);
  vendors.push(vendor);
  vendor.answers(...script);
  await setBalance(world, person, balance);
  return person;
}
const creditsOf = async ({ token }: Person) => {
  const { balance, reserved, available } = (await call('GET', '/v1/me/credits', { token })).body;
  return { balance, reserved, available };
};
const cancel = ({ token }: Person, runId: string) => call('POST', `/v1/runs/${runId}:cancel`, { token });
const end = async (person: Person, runId: string) => (await readAll(url, runId, person.token)).at(-1)!;
/** What all runs of an account were worth, paid or not. */
const dueOf = async ({ accountId }: Person): Promise<number> =>
  (
    await sql(
      `select coalesce(sum(shortfall), 0)::float8 - coalesce((select sum(amount) from credit_transactions where account_id = $1 and reference_type = 'run'), 0)::float8 as due
       from usage_records where account_id = $1`,
      [accountId],
    )
  )[0].due;

for (const count of [10, 50])
  test(`of ${count} runs started at once with a balance of 1 only one is admitted, and after it none`, async () => {
    const person = await customer(1, Array(count).fill(stalled));
    const threads = await Promise.all(Array.from({ length: count }, () => openThread(world, person)));
    const answers = await Promise.all(threads.map((id) => call('POST', `/v1/threads/${id}/runs`, { token: person.token })));
    expect(tally(answers)).toEqual({ '201': 1, '402 credits_exhausted': count - 1 });
    expect(answers.find(({ status }) => status === 402)!.body).toMatchObject({
      error: 'billing.insufficient_credits',
      details: { balance: 1, reserved: 1, available: 0 },
    });
    expect(await creditsOf(person)).toEqual({ balance: 1, reserved: 1, available: 0 });
    const runId = answers.find(({ status }) => status === 201)!.body.run_id;
    const stream = await openStream(url, runId, { token: person.token });
    await stream.until(({ type }) => type === 'message.delta');
    await cancel(person, runId);
    await stream.ended;
    expect(await creditsOf(person)).toEqual({ balance: 0, reserved: 0, available: 0 });
    expect(await soundBalance(world, person.accountId)).toBe(0);
  });

test('every way to start a run is refused while all credits are reserved, changes nothing, and is open again afterwards', async () => {
  const person = await customer(1, [chat.failure(400, { message: 'no' }), stalled, done], {});
  const [threadId, other] = [await openThread(world, person), await openThread(world, person)];
  const failed = await startRun(world, person, threadId);
  expect(await end(person, failed)).toMatchObject({ type: 'run.failed' });
  expect(await creditsOf(person)).toEqual({ balance: 1, reserved: 0, available: 1 });
  const holding = await startRun(world, person, other);
  const messages = async () => (await call('GET', `/v1/threads/${threadId}/messages`, { token: person.token })).body;
  const before = await messages();
  const ways: [method: 'POST' | 'PATCH', path: string, body: object][] = [
    ['POST', '/runs', {}],
    ['POST', ':retry', {}],
    ['POST', ':continue', { run_id: failed }],
    ['PATCH', `/messages/${before[0].id}`, { content: 'Changed' }],
  ];
  for (const [method, path, body] of ways) {
    const answer = await call(method, `/v1/threads/${threadId}${path}`, { token: person.token, body });
    // A run that answered nothing cannot be continued, whatever the credits.
    const expected = path === ':continue' ? [409, 'run_cannot_continue'] : [402, 'credits_exhausted'];
    expect([path, answer.status, answer.body.details?.reason]).toEqual([path, ...expected]);
  }
  expect(await messages()).toEqual(before);
  await cancel(person, holding);
  await end(person, holding);
  const [{ status }] = await sql('select status from runs where id = $1', [holding]);
  expect(status).toBe('cancelled');
});

test('a reservation is shown while the run is open, to its account and to administrators, and is gone when it ends, however it ends', async () => {
  const cheap = { cost_per_1k_input: 0.000001, cost_per_1k_output: 0.000001 };
  const endings: [string, Scripted, (person: Person, runId: string, threadId: string) => Promise<unknown>][] = [
    ['completed', { steps: [chat.text('a'), { wait: 700 }, ...done.steps!] }, async () => undefined],
    ['failed', { steps: [chat.text('a'), { wait: 700 }, chat.text('{"error'), 'data: not json\n\n'] }, async () => undefined],
    ['cancelled', stalled, (person, runId) => cancel(person, runId)],
    ['cancelled', stalled, ({ token }, _, threadId) => call('DELETE', `/v1/threads/${threadId}`, { token })],
    [
      'cancelled',
      stalled,
      ({ accountId }) => call('PATCH', `/v1/admin/accounts/${accountId}`, { token: admin.token, body: { status: 'suspended' } }),
    ],
  ];
  await setPlatform(world, { 'llm.retry.max_attempts': 1 });
  for (const [status, script, finish] of endings) {
    const person = await customer(1_000, [script], cheap);
    const threadId = await openThread(world, person);
    const runId = await startRun(world, person, threadId);
    const stream = await openStream(url, runId, { token: person.token });
    await stream.until(({ type }) => type === 'message.delta');
    const shown = { balance: 1_000, reserved: 10, available: 990 };
    expect(await creditsOf(person)).toEqual(shown);
    const ofAdmin = await call('GET', `/v1/admin/credits?account_id=${person.accountId}`, { token: admin.token });
    expect(ofAdmin.body).toMatchObject(shown);
    expect((await call('GET', `/v1/admin/accounts/${person.accountId}`, { token: admin.token })).body).toMatchObject(shown);
    await finish(person, runId, threadId);
    const isOver = async () => (await sql('select 1 from runs where id = $1 and status = $2', [runId, status])).length > 0;
    await eventually(isOver, `the run that should be ${status}`);
    const after = await call('GET', `/v1/admin/credits?account_id=${person.accountId}`, { token: admin.token });
    expect([status, after.body.reserved, after.body.available]).toEqual([status, 0, after.body.balance]);
    stream.close();
  }
  await setPlatform(world, { 'llm.retry.max_attempts': null });
});

test('a call reserves what it may cost: beside one that is under way another is stopped before it is made, and costs nothing', async () => {
  const person = await customer(3_000, [stalled, done]);
  const first = await startRun(world, person, await openThread(world, person));
  await (await openStream(url, first, { token: person.token })).until(({ type }) => type === 'message.delta');
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
  await addBrain(world, person, () => asks(['timeline_title', { label: 'x' }]), prices);
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
  await (await openStream(url, runId, { token: person.token })).until(({ type }) => type === 'run.waiting_for_input');
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
    await addBrain(world, person, (messages) => (messages.length > 3 ? done : asks(['ask_user', question()])), prices);
    await setBalance(world, person, 200);
    const runId = await startRun(world, person, await openThread(world, person));
    const stream = await openStream(url, runId, { token: person.token });
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
    prices,
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

test('runs that have ended reserve nothing, whatever their row says', async () => {
  const person = await signUp();
  const [runId] = await addRuns(world, person, 1);
  await sql('update runs set reserved_credits = 900 where id = $1', [runId]);
  expect(await creditsOf(person)).toEqual({ balance: 1_000, reserved: 0, available: 1_000 });
});

test('the amount that a run reserves when it is created is a setting, and at least 1', async () => {
  const person = await customer(1_000, [stalled, stalled], {});
  await setPlatform(world, { 'credit.run_reservation': 400 });
  const runs = [];
  for (const expected of [400, 800, 1_000]) {
    runs.push(await startRun(world, person, await openThread(world, person)));
    expect(await creditsOf(person)).toMatchObject({ reserved: expected, available: 1_000 - expected });
  }
  await setPlatform(world, { 'credit.run_reservation': null });
  for (const runId of runs) await cancel(person, runId);
  for (const value of ['0', '-1', 'many']) {
    const answer = await call('PUT', '/v1/admin/platform-settings/credit.run_reservation', { token: admin.token, body: { value } });
    expect([value, answer.status]).toEqual([value, 400]);
  }
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
