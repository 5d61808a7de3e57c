import { expect, test } from 'vitest';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { openStream, readAll, types } from '../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '2' });
const appWithoutWorker = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '2' }, { worker: false });
const { url, call } = app;
const alice = await app.signUp();

test('a run starts with run.started at sequence number 1 and status running', async () => {
  const dora = await appWithoutWorker.signUp();
  const created = await appWithoutWorker.call('POST', `/v1/threads/${await openThread(appWithoutWorker, dora)}/runs`, {
    token: dora.token,
  });
  expect(created).toMatchObject({ status: 201, body: { run_id: expect.any(String), trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) } });
  const run = await appWithoutWorker.call('GET', `/v1/runs/${created.body.run_id}`, { token: dora.token });
  expect(run.body).toMatchObject({ status: 'running', trace_id: created.body.trace_id, child_run_ids: [], error: null, model: null });
  const [event, ...rest] = await appWithoutWorker.sql('select seq, type, data from run_events where run_id = $1', [created.body.run_id]);
  expect(event).toMatchObject({
    seq: 1,
    type: 'run.started',
    data: { source: 'api', continuation_source: 'none', trace_id: created.body.trace_id },
  });
  expect(rest).toEqual([]);
});

test('ten parallel starts in one thread create one run and one job', async () => {
  const dora = await appWithoutWorker.signUp();
  const threadId = await openThread(appWithoutWorker, dora);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => appWithoutWorker.call('POST', `/v1/threads/${threadId}/runs`, { token: dora.token })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 201))
    expect(answer).toMatchObject({ status: 409, body: { details: { reason: 'thread_busy' } } });
  const [{ id }] = await appWithoutWorker.sql('select id from runs where thread_id = $1', [threadId]);
  expect(await appWithoutWorker.sql('select key from graphile_worker.jobs where key = $1', [`run:${id}`])).toHaveLength(1);
});

test('an account limited to two concurrent runs can start another when one ends', async () => {
  const dora = await appWithoutWorker.signUp();
  const threads = await Promise.all([1, 2, 3].map(() => openThread(appWithoutWorker, dora)));
  const answers = await Promise.all(threads.map((id) => appWithoutWorker.call('POST', `/v1/threads/${id}/runs`, { token: dora.token })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 429]);
  const refused = answers.findIndex(({ status }) => status === 429);
  expect(answers[refused]!.headers.get('retry-after')).toBe('5');
  expect(answers[refused]!.body.details.reason).toBe('concurrent_runs_exceeded');
  const running = answers.find(({ status }) => status === 201)!.body.run_id;
  expect(await appWithoutWorker.call('POST', `/v1/runs/${running}:cancel`, { token: dora.token })).toMatchObject({
    status: 200,
    body: { ok: true },
  });
  expect(await appWithoutWorker.call('POST', `/v1/threads/${threads[refused]}/runs`, { token: dora.token })).toMatchObject({ status: 201 });
});

test('a failed start leaves no run, event or concurrency slot behind', async () => {
  const dora = await appWithoutWorker.signUp();
  const threadId = await openThread(appWithoutWorker, dora);
  await appWithoutWorker.sql(`alter function graphile_worker.add_job rename to add_job_away`);
  const failed = await appWithoutWorker.call('POST', `/v1/threads/${threadId}/runs`, { token: dora.token });
  await appWithoutWorker.sql(`alter function graphile_worker.add_job_away rename to add_job`);
  expect(failed).toMatchObject({ status: 500, body: { error: 'internal_error', details: {} } });
  expect(await appWithoutWorker.sql('select 1 from runs where thread_id = $1', [threadId])).toEqual([]);
  expect(await appWithoutWorker.call('POST', `/v1/threads/${threadId}/runs`, { token: dora.token })).toMatchObject({ status: 201 });
});

test('an unknown persona fails the run, a malformed one is rejected', async () => {
  const runId = await startRun(app, alice, await openThread(app, alice), { persona_id: 'nope' });
  expect((await readAll(url, runId, alice.token)).at(-1)).toMatchObject({
    type: 'run.failed',
    error_class: 'persona.not_found',
    data: { resumable: false },
  });
  expect(
    await call('POST', `/v1/threads/${await openThread(app, alice)}/runs`, { token: alice.token, body: { persona_id: 'a b' } }),
  ).toMatchObject({ status: 400 });
});

test('retry replaces the answer, and is rejected for an empty thread and while a run is active', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith(chat.answer('first'));
  const threadId = await openThread(app, bob);
  await readAll(url, await startRun(app, bob, threadId), bob.token);
  const texts = async () =>
    (await call('GET', `/v1/threads/${threadId}/messages`, { token: bob.token })).body.map(
      (message: { content: string }) => message.content,
    );
  await eventually(async () => (await texts()).length === 2, 'the answer');
  const isRejected = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [{ wait: isRejected.promise }, ...chat.answer('second').steps!] });
  const retried = await call('POST', `/v1/threads/${threadId}:retry`, { token: bob.token });
  expect(retried.status).toBe(201);
  expect(await texts()).toEqual(['Hello!']);
  expect(await call('POST', `/v1/threads/${threadId}:retry`, { token: bob.token })).toMatchObject({
    status: 409,
    body: { details: { reason: 'thread_busy' } },
  });
  isRejected.resolve();
  const events = await readAll(url, retried.body.run_id, bob.token);
  expect(events[0]).toMatchObject({ data: { source: 'retry', continuation_source: 'none' } });
  expect(await texts()).toEqual(['Hello!', 'second']);
  const empty = await call('POST', '/v1/threads', { token: bob.token, body: {} });
  for (const [path, reason] of [
    [':retry', 'nothing_to_retry'],
    ['/runs', 'thread_empty'],
  ])
    expect(await call('POST', `/v1/threads/${empty.body.id}${path}`, { token: bob.token })).toMatchObject({
      status: 409,
      body: { details: { reason } },
    });
  expect((await call('GET', `/v1/threads/${empty.body.id}/runs`, { token: bob.token })).body).toEqual([]);
  await vendor.close();
});

test('cancel is idempotent, ignored for an ended run, and immediate before a worker has the job', async () => {
  const dora = await appWithoutWorker.signUp();
  const runId = await startRun(appWithoutWorker, dora, await openThread(appWithoutWorker, dora));
  for (let twice = 0; twice < 2; twice++)
    expect(
      await appWithoutWorker.call('POST', `/v1/runs/${runId}:cancel`, { token: dora.token, body: { last_seen_seq: 1 } }),
    ).toMatchObject({
      status: 200,
      body: { ok: true },
    });
  const log = await appWithoutWorker.sql('select type, data from run_events where run_id = $1 order by seq', [runId]);
  expect(log.map(({ type }) => type)).toEqual(['run.started', 'run.cancel_requested', 'run.cancelled']);
  expect(log[1].data).toMatchObject({ requested_by_user_id: dora.id, last_seen_seq: 1 });
  expect(log[2].data).toMatchObject({ reason: 'cancelled_before_start' });
  expect(await appWithoutWorker.sql('select 1 from graphile_worker.jobs where key = $1', [`run:${runId}`])).toEqual([]);
  expect((await appWithoutWorker.call('GET', `/v1/runs/${runId}`, { token: dora.token })).body).toMatchObject({
    status: 'cancelled',
    cancelled_at: expect.any(String),
  });
  expect(await appWithoutWorker.sql(`select 1 from audit_logs where action = 'run.cancel' and target_id = $1`, [runId])).toHaveLength(1);
  const done = await startRun(app, alice, await openThread(app, alice));
  const before = await readAll(url, done, alice.token);
  expect(await call('POST', `/v1/runs/${done}:cancel`, { token: alice.token })).toMatchObject({ status: 200 });
  expect(await readAll(url, done, alice.token)).toEqual(before);
});

test('input is limited in bytes, and rejected when the run has ended', async () => {
  const runId = await startRun(app, alice, await openThread(app, alice));
  await readAll(url, runId, alice.token);
  const send = (content: string, token = alice.token) => call('POST', `/v1/runs/${runId}/input`, { token, body: { content } });
  expect(await send('é'.repeat(16_384))).toMatchObject({ status: 409, body: { details: { reason: 'run_not_active' } } });
  expect(await send(`${'é'.repeat(16_384)}x`)).toMatchObject({ status: 400, body: { details: { reason: 'content_too_large' } } });
  expect(await send('  ')).toMatchObject({ status: 400 });
  expect(await send('hi', (await app.signUp()).token)).toMatchObject({ status: 404 });
});

test('a replayed start returns the same run, and another body is rejected', async () => {
  const threadId = await openThread(app, alice);
  const post = (body: object) =>
    call('POST', `/v1/threads/${threadId}/runs`, { token: alice.token, body, headers: { 'idempotency-key': 'once' } });
  const first = await post({});
  await readAll(url, first.body.run_id, alice.token);
  const again = await post({});
  expect(again.text).toBe(first.text);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await post({ model: 'x' })).toMatchObject({ status: 409, body: { details: { reason: 'idempotency_key_reused' } } });
});

test('a run without credits is rejected', async () => {
  const poor = await app.signUp();
  await app.sql('update credit_balances set balance = 0 where account_id = $1', [poor.accountId]);
  const threadId = await openThread(app, poor);
  expect(await call('POST', `/v1/threads/${threadId}/runs`, { token: poor.token })).toMatchObject({
    status: 402,
    body: { error: 'billing.insufficient_credits' },
  });
  expect(await app.sql('select 1 from runs where thread_id = $1', [threadId])).toEqual([]);
});

test('runs are filtered and paged, and a member sees only runs they can open', async () => {
  const owner = await app.signUp();
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    const runId = await startRun(app, owner, await openThread(app, owner));
    await readAll(url, runId, owner.token);
    ids.unshift(runId);
  }
  const list = async (query: string, token = owner.token) => call('GET', `/v1/runs?${query}`, { token });
  const idsOf = async (query: string) => (await list(query)).body.map((run: { run_id: string }) => run.run_id);
  expect(await idsOf('')).toEqual(ids);
  expect((await list('')).body[0]).toMatchObject({
    status: 'completed',
    model: 'stub',
    total_cost_usd: 0,
    credits_used: 0,
    created_by_user_name: owner.login,
    created_by_email: owner.email,
  });
  expect(await idsOf('status=failed')).toEqual([]);
  expect(await idsOf(`run_id=${ids[1]!.toUpperCase()}`)).toEqual([ids[1]]);
  for (const length of [1, 7, 8, 9, 13, 14, 35, 36])
    expect(await idsOf(`run_id=${ids[1]!.slice(0, length)}`)).toEqual(ids.filter((id) => id.startsWith(ids[1]!.slice(0, length))));
  for (const wrong of [ids[1]!.replace('-', ''), `${ids[1]!.slice(0, 7)}-`, '-', '00000000-0000-0000-0000-00000000000g'.slice(0, 35), 'f'])
    expect([wrong, await idsOf(`run_id=${wrong}`)]).toEqual([wrong, []]);
  const [{ thread_id: thread }] = (await list(`run_id=${ids[0]}`)).body;
  expect(await idsOf(`thread_id=${thread}`)).toEqual([ids[0]]);
  expect(await idsOf(`thread_id=${thread.slice(0, 13)}`)).toContain(ids[0]);
  expect(await idsOf('model=TU')).toEqual(ids);
  expect(await idsOf('model=%25')).toEqual([]);
  expect(await idsOf(`until=${new Date(Date.now() - 3_600_000).toISOString()}`)).toEqual([]);
  expect(await list('since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z')).toMatchObject({ status: 400 });
  expect(await list('status=queued')).toMatchObject({ status: 400 });
  const first = await list('limit=2');
  expect(first.headers.get('link')).toContain('rel="next"');
  const second = await list(`limit=2&before=${first.headers.get('x-next-cursor')}`);
  expect([...first.body, ...second.body].map((run) => run.run_id)).toEqual(ids);
  expect(second.headers.get('link')).toBeNull();
  expect(await list(`limit=2&status=completed&before=${first.headers.get('x-next-cursor')}`)).toMatchObject({ status: 400 });
  expect(await list(`account_id=${alice.accountId}`)).toMatchObject({ status: 403 });
  expect(await list(`user_id=${alice.id}`)).toMatchObject({ status: 403 });
  const member = await app.signUp();
  await app.joinAccount(member, owner);
  const asMember = await call('GET', '/v1/runs', { token: member.token, headers: { 'x-account-id': owner.accountId } });
  expect(asMember).toMatchObject({ status: 200, body: [] });
  const admin = await app.signUp();
  await app.joinAccount(admin, owner, 'admin');
  expect((await call('GET', '/v1/runs', { token: admin.token, headers: { 'x-account-id': owner.accountId } })).body).toHaveLength(3);
});

test('a failed run can be continued, and a run that did not fail cannot', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  await setPlatformSettings(app, { 'llm.retry.max_attempts': 1 });
  const isRead = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('half'), { wait: isRead.promise }, 'cut'] });
  const threadId = await openThread(app, bob);
  const failed = await startRun(app, bob, threadId);
  const reader = await openStream(url, failed, { token: bob.token });
  await reader.until(({ type }) => type === 'message.delta');
  isRead.resolve();
  await reader.ended;
  const { events } = reader;
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { error_class: 'provider.retryable', resumable: true } });
  expect(types(events)).toContain('message.delta');
  vendor.respondWith(chat.answer('whole'));
  const continued = await call('POST', `/v1/threads/${threadId}:continue`, { token: bob.token, body: { run_id: failed } });
  expect(continued.status).toBe(201);
  const again = await readAll(url, continued.body.run_id, bob.token);
  expect(again[0]).toMatchObject({ data: { source: 'continue', continuation_source: 'explicit', resume_from_run_id: failed } });
  expect(again.at(-1)).toMatchObject({ type: 'run.completed' });
  expect(
    await call('POST', `/v1/threads/${threadId}:continue`, { token: bob.token, body: { run_id: continued.body.run_id } }),
  ).toMatchObject({ status: 409, body: { details: { reason: 'run_cannot_continue' } } });
  const other = await openThread(app, bob);
  expect(await call('POST', `/v1/threads/${other}:continue`, { token: bob.token, body: { run_id: failed } })).toMatchObject({
    status: 404,
  });
  await setPlatformSettings(app, { 'llm.retry.max_attempts': null });
  await vendor.close();
});
