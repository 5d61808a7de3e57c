import { beforeAll, expect, test } from 'vitest';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { tally } from '../../support/checks/race.ts';
import { addRuns, checkedBalance, noFreeTierPolicy } from '../../support/credits/credits.ts';
import { customersOf, done, stalled } from '../../support/credits/customers.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '16' });
const { call, sql, signUp, promote } = app;
const { customer, creditsOf, cancel, follow, end } = customersOf(app);
const admin = await signUp();
beforeAll(async () => {
  await promote(admin);
  await setPlatformSettings(app, { 'credit.deduction_policy': noFreeTierPolicy });
});

for (const count of [10, 50])
  test(`of ${count} runs started concurrently with a balance of 1 only one is admitted`, async () => {
    const person = await customer(1, Array(count).fill(stalled));
    const threads = await Promise.all(Array.from({ length: count }, () => openThread(app, person)));
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
    expect(await checkedBalance(app, person.accountId)).toBe(0);
  });

test('every route that starts a run returns 402 and changes nothing while all credits are reserved', async () => {
  const person = await customer(1, [chat.failure(400, { message: 'no' }), stalled, done], {});
  const [threadId, other] = [await openThread(app, person), await openThread(app, person)];
  const failed = await startRun(app, person, threadId);
  expect(await end(person, failed)).toMatchObject({ type: 'run.failed' });
  expect(await creditsOf(person)).toEqual({ balance: 1, reserved: 0, available: 1 });
  const holding = await startRun(app, person, other);
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
    // A run without output cannot be continued, which is checked before the credits.
    const expected = path === ':continue' ? [409, 'run_cannot_continue'] : [402, 'credits_exhausted'];
    expect([path, answer.status, answer.body.details?.reason]).toEqual([path, ...expected]);
  }
  expect(await messages()).toEqual(before);
  await cancel(person, holding);
  await end(person, holding);
  const [{ status }] = await sql('select status from runs where id = $1', [holding]);
  expect(status).toBe('cancelled');
});

test('a reservation is shown to account and administrators while the run is active, and is released by any ending', async () => {
  const cheap = { cost_per_1k_input: 0.000001, cost_per_1k_output: 0.000001 };
  const [completes, fails] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const endings: [string, ScriptedResponse, (person: Person, runId: string, threadId: string) => unknown][] = [
    ['completed', { steps: [chat.text('a'), { wait: completes.promise }, ...done.steps!] }, () => completes.resolve()],
    ['failed', { steps: [chat.text('a'), { wait: fails.promise }, chat.text('{"error'), 'data: not json\n\n'] }, () => fails.resolve()],
    ['cancelled', stalled, (person, runId) => cancel(person, runId)],
    ['cancelled', stalled, ({ token }, _, threadId) => call('DELETE', `/v1/threads/${threadId}`, { token })],
    [
      'cancelled',
      stalled,
      ({ accountId }) => call('PATCH', `/v1/admin/accounts/${accountId}`, { token: admin.token, body: { status: 'suspended' } }),
    ],
  ];
  await setPlatformSettings(app, { 'llm.retry.max_attempts': 1 });
  for (const [status, script, finish] of endings) {
    const person = await customer(1_000, [script], cheap);
    const threadId = await openThread(app, person);
    const runId = await startRun(app, person, threadId);
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
  await setPlatformSettings(app, { 'llm.retry.max_attempts': null });
});

test('ended runs do not count as reserved', async () => {
  const person = await signUp();
  const [runId] = await addRuns(app, person, 1);
  await sql('update runs set reserved_credits = 900 where id = $1', [runId]);
  expect(await creditsOf(person)).toEqual({ balance: 1_000, reserved: 0, available: 1_000 });
});

test('the reservation of a new run is a setting of at least 1', async () => {
  const person = await customer(1_000, [stalled, stalled], {});
  await setPlatformSettings(app, { 'credit.run_reservation': 400 });
  const runs = [];
  for (const expected of [400, 800, 1_000]) {
    runs.push(await startRun(app, person, await openThread(app, person)));
    expect(await creditsOf(person)).toMatchObject({ reserved: expected, available: 1_000 - expected });
  }
  await setPlatformSettings(app, { 'credit.run_reservation': null });
  for (const runId of runs) await cancel(person, runId);
  for (const value of ['0', '-1', 'many']) {
    const answer = await call('PUT', '/v1/admin/platform-settings/credit.run_reservation', { token: admin.token, body: { value } });
    expect([value, answer.status]).toEqual([value, 400]);
  }
});
