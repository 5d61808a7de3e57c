import { beforeAll, expect, test } from 'vitest';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { addRuns, everythingCosts, soundBalance } from '../setup/credits.ts';
import { customersOf, done, stalled } from '../setup/customers.ts';
import { tally } from '../setup/race.ts';
import { setPlatform } from '../setup/settings.ts';
import { chat, type Scripted } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '16' });
const { call, sql, signUp, promote } = world;
const { customer, creditsOf, cancel, follow, end } = customersOf(world);
const admin = await signUp();
beforeAll(async () => {
  await promote(admin);
  await setPlatform(world, { 'credit.deduction_policy': everythingCosts });
});

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
    const stream = await follow(person, runId);
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
    const stream = await follow(person, runId);
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
