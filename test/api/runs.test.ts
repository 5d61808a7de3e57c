import { expect, test } from 'vitest';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { readAll, types } from '../setup/events.ts';
import { addModel } from '../setup/model.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '2' });
const idle = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '2' }, { worker: false });
const { url, call } = world;
const alice = await world.signUp();

test('a run starts with run.started at 1 and is running', async () => {
  const dora = await idle.signUp();
  const created = await idle.call('POST', `/v1/threads/${await openThread(idle, dora)}/runs`, { token: dora.token });
  expect(created).toMatchObject({ status: 201, body: { run_id: expect.any(String), trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) } });
  const run = await idle.call('GET', `/v1/runs/${created.body.run_id}`, { token: dora.token });
  expect(run.body).toMatchObject({ status: 'running', trace_id: created.body.trace_id, child_run_ids: [], error: null, model: null });
  const [event, ...rest] = await idle.sql('select seq, type, data from run_events where run_id = $1', [created.body.run_id]);
  expect(event).toMatchObject({
    seq: 1,
    type: 'run.started',
    data: { source: 'api', continuation_source: 'none', trace_id: created.body.trace_id },
  });
  expect(rest).toEqual([]);
});

test('ten parallel starts in one thread make one run and one job', async () => {
  const dora = await idle.signUp();
  const threadId = await openThread(idle, dora);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => idle.call('POST', `/v1/threads/${threadId}/runs`, { token: dora.token })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 201))
    expect(answer).toMatchObject({ status: 409, body: { details: { reason: 'thread_busy' } } });
  const [{ id }] = await idle.sql('select id from runs where thread_id = $1', [threadId]);
  expect(await idle.sql('select key from graphile_worker.jobs where key = $1', [`run:${id}`])).toHaveLength(1);
});

test('the account has two slots, and an ended run frees its own', async () => {
  const dora = await idle.signUp();
  const threads = await Promise.all([1, 2, 3].map(() => openThread(idle, dora)));
  const answers = await Promise.all(threads.map((id) => idle.call('POST', `/v1/threads/${id}/runs`, { token: dora.token })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 429]);
  const refused = answers.findIndex(({ status }) => status === 429);
  expect(answers[refused]!.headers.get('retry-after')).toBe('5');
  expect(answers[refused]!.body.details.reason).toBe('concurrent_runs_exceeded');
  const running = answers.find(({ status }) => status === 201)!.body.run_id;
  expect(await idle.call('POST', `/v1/runs/${running}:cancel`, { token: dora.token })).toMatchObject({ status: 200, body: { ok: true } });
  expect(await idle.call('POST', `/v1/threads/${threads[refused]}/runs`, { token: dora.token })).toMatchObject({ status: 201 });
});

test('a start that fails half way leaves no run, no event and no slot', async () => {
  const dora = await idle.signUp();
  const threadId = await openThread(idle, dora);
  await idle.sql(`alter function graphile_worker.add_job rename to add_job_away`);
  const failed = await idle.call('POST', `/v1/threads/${threadId}/runs`, { token: dora.token });
  await idle.sql(`alter function graphile_worker.add_job_away rename to add_job`);
  expect(failed).toMatchObject({ status: 500, body: { error: 'internal_error', details: {} } });
  expect(await idle.sql('select 1 from runs where thread_id = $1', [threadId])).toEqual([]);
  expect(await idle.call('POST', `/v1/threads/${threadId}/runs`, { token: dora.token })).toMatchObject({ status: 201 });
});

test('unknown persona fails in the run, a malformed one at once', async () => {
  const runId = await startRun(world, alice, await openThread(world, alice), { persona_id: 'nope' });
  expect((await readAll(url, runId, alice.token)).at(-1)).toMatchObject({
    type: 'run.failed',
    error_class: 'persona.not_found',
    data: { resumable: false },
  });
  expect(
    await call('POST', `/v1/threads/${await openThread(world, alice)}/runs`, { token: alice.token, body: { persona_id: 'a b' } }),
  ).toMatchObject({ status: 400 });
});

test('retry replaces the answer, is refused on an empty thread and while a run is active', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  vendor.answers(chat.answer('first'));
  const threadId = await openThread(world, bob);
  await readAll(url, await startRun(world, bob, threadId), bob.token);
  const texts = async () =>
    (await call('GET', `/v1/threads/${threadId}/messages`, { token: bob.token })).body.map(
      (message: { content: string }) => message.content,
    );
  await eventually(async () => (await texts()).length === 2, 'the answer');
  vendor.answers({ steps: [{ wait: 500 }, ...chat.answer('second').steps!] });
  const retried = await call('POST', `/v1/threads/${threadId}:retry`, { token: bob.token });
  expect(retried.status).toBe(201);
  expect(await texts()).toEqual(['Hello!']);
  expect(await call('POST', `/v1/threads/${threadId}:retry`, { token: bob.token })).toMatchObject({
    status: 409,
    body: { details: { reason: 'thread_busy' } },
  });
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

test('cancel is idempotent, silent on an ended run, and immediate before a worker has the job', async () => {
  const dora = await idle.signUp();
  const runId = await startRun(idle, dora, await openThread(idle, dora));
  for (let twice = 0; twice < 2; twice++)
    expect(await idle.call('POST', `/v1/runs/${runId}:cancel`, { token: dora.token, body: { last_seen_seq: 1 } })).toMatchObject({
      status: 200,
      body: { ok: true },
    });
  const log = await idle.sql('select type, data from run_events where run_id = $1 order by seq', [runId]);
  expect(log.map(({ type }) => type)).toEqual(['run.started', 'run.cancel_requested', 'run.cancelled']);
  expect(log[1].data).toMatchObject({ requested_by_user_id: dora.id, last_seen_seq: 1 });
  expect(log[2].data).toMatchObject({ reason: 'cancelled_before_start' });
  expect(await idle.sql('select 1 from graphile_worker.jobs where key = $1', [`run:${runId}`])).toEqual([]);
  expect((await idle.call('GET', `/v1/runs/${runId}`, { token: dora.token })).body).toMatchObject({
    status: 'cancelled',
    cancelled_at: expect.any(String),
  });
  expect(await idle.sql(`select 1 from audit_logs where action = 'run.cancel' and target_id = $1`, [runId])).toHaveLength(1);
  const done = await startRun(world, alice, await openThread(world, alice));
  const before = await readAll(url, done, alice.token);
  expect(await call('POST', `/v1/runs/${done}:cancel`, { token: alice.token })).toMatchObject({ status: 200 });
  expect(await readAll(url, done, alice.token)).toEqual(before);
});

test('input is measured in bytes and refused where no run can take it', async () => {
  const runId = await startRun(world, alice, await openThread(world, alice));
  await readAll(url, runId, alice.token);
  const send = (content: string, token = alice.token) => call('POST', `/v1/runs/${runId}/input`, { token, body: { content } });
  expect(await send('é'.repeat(16_384))).toMatchObject({ status: 409, body: { details: { reason: 'run_not_active' } } });
  expect(await send(`${'é'.repeat(16_384)}x`)).toMatchObject({ status: 400, body: { details: { reason: 'content_too_large' } } });
  expect(await send('  ')).toMatchObject({ status: 400 });
  expect(await send('hi', (await world.signUp()).token)).toMatchObject({ status: 404 });
});

test('a replayed start gives the same run, another body is refused', async () => {
  const threadId = await openThread(world, alice);
  const post = (body: object) =>
    call('POST', `/v1/threads/${threadId}/runs`, { token: alice.token, body, headers: { 'idempotency-key': 'once' } });
  const first = await post({});
  await readAll(url, first.body.run_id, alice.token);
  const again = await post({});
  expect(again.text).toBe(first.text);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await post({ model: 'x' })).toMatchObject({ status: 409, body: { details: { reason: 'idempotency_key_reused' } } });
});

test('without credits there is no run', async () => {
  const poor = await world.signUp();
  await world.sql('update credit_balances set balance = 0 where account_id = $1', [poor.accountId]);
  const threadId = await openThread(world, poor);
  expect(await call('POST', `/v1/threads/${threadId}/runs`, { token: poor.token })).toMatchObject({
    status: 402,
    body: { error: 'billing.insufficient_credits' },
  });
  expect(await world.sql('select 1 from runs where thread_id = $1', [threadId])).toEqual([]);
});

test('the list of runs is filtered, paged, and shows a member what he may open', async () => {
  const owner = await world.signUp();
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    const runId = await startRun(world, owner, await openThread(world, owner));
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
  const member = await world.signUp();
  await world.join(member, owner);
  const asMember = await call('GET', '/v1/runs', { token: member.token, headers: { 'x-account-id': owner.accountId } });
  expect(asMember).toMatchObject({ status: 200, body: [] });
  const admin = await world.signUp();
  await world.join(admin, owner, 'admin');
  expect((await call('GET', '/v1/runs', { token: admin.token, headers: { 'x-account-id': owner.accountId } })).body).toHaveLength(3);
});

test('a failed run is continued explicitly, or by the next message of the user', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  await world.sql(
    `insert into platform_settings (key, value) values ('llm.retry.max_attempts', '1') on conflict (key) do update set value = excluded.value`,
  );
  await new Promise((done) => setTimeout(done, 1_100));
  vendor.answers({ steps: [chat.text('half'), { wait: 50 }, 'cut'] });
  const threadId = await openThread(world, bob);
  const failed = await startRun(world, bob, threadId);
  const events = await readAll(url, failed, bob.token);
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', data: { error_class: 'provider.retryable', resumable: true } });
  expect(types(events)).toContain('message.delta');
  vendor.answers(chat.answer('whole'));
  const continued = await call('POST', `/v1/threads/${threadId}:continue`, { token: bob.token, body: { run_id: failed } });
  expect(continued.status).toBe(201);
  const again = await readAll(url, continued.body.run_id, bob.token);
  expect(again[0]).toMatchObject({ data: { source: 'continue', continuation_source: 'explicit', resume_from_run_id: failed } });
  expect(again.at(-1)).toMatchObject({ type: 'run.completed' });
  expect(
    await call('POST', `/v1/threads/${threadId}:continue`, { token: bob.token, body: { run_id: continued.body.run_id } }),
  ).toMatchObject({ status: 409, body: { details: { reason: 'run_cannot_continue' } } });
  const other = await openThread(world, bob);
  expect(await call('POST', `/v1/threads/${other}:continue`, { token: bob.token, body: { run_id: failed } })).toMatchObject({
    status: 404,
  });
  await world.sql(`delete from platform_settings where key = 'llm.retry.max_attempts'`);
  await vendor.close();
});
