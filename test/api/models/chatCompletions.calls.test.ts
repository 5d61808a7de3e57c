import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { emptyClosedAccounts } from '../../../server/jobs/closedAccounts.ts';
import { endAbandonedCompletions } from '../../../server/jobs/endAbandonedCompletions.ts';
import { deleteExpiredRows } from '../../../server/jobs/housekeeping.ts';
import { addModel } from '../../support/agent/providers.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { chatCompletionsOf, eventsOf, hello, prices } from '../../support/credits/chatCompletions.ts';
import { setBalance } from '../../support/credits/credits.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_API_MAX_IN_FLIGHT: '3', ARKLOOP_MAX_CHAT_COMPLETIONS: '4' }, { worker: false });
const { call, sql, signUp, url, database } = app;
const { openModel, rowsOf, openStream } = chatCompletionsOf(app);

test('without credits nothing is sent; reservations of concurrent calls do not exceed the balance', async () => {
  const { vendor, user, complete, balance } = await openModel();
  await setBalance(app, user, 0);
  const refused = await complete({});
  expect([refused.status, refused.body.error, refused.headers.get('retry-after')]).toMatchObject([
    402,
    { type: 'insufficient_quota', code: 'insufficient_quota' },
    null,
  ]);
  expect(vendor.requests).toHaveLength(0);
  await setBalance(app, user, 100);
  const hold = Promise.withResolvers<void>();
  const slow: ScriptedResponse = { steps: [chat.text('a'), { wait: hold.promise }, ...chat.answer('b').steps!] };
  vendor.respondWith(slow, slow, slow);
  // The first call reserves everything, because it could use more than the balance.
  const first = complete({});
  await eventually(async () => vendor.requests.length === 1, 'the first call');
  const credits = (await call('GET', '/v1/me/credits', { token: user.token })).body;
  expect([credits.balance, credits.reserved, credits.available]).toEqual([100, 100, 0]);
  expect((await complete({})).status).toBe(402);
  // A run cannot use them either.
  const thread = (await call('POST', '/v1/threads', { token: user.token, body: {} })).body;
  await call('POST', `/v1/threads/${thread.id}/messages`, { token: user.token, body: { content: 'x' } });
  expect((await call('POST', `/v1/threads/${thread.id}/runs`, { token: user.token, body: {} })).status).toBe(402);
  hold.resolve();
  expect((await first).status).toBe(200);
  expect([await balance(), vendor.requests.length]).toEqual([82, 1]);
});

test('a client that disconnects ends the call at the provider and is charged once for what it caused', async () => {
  const { vendor, user, balance } = await openModel();
  const before = (await balance())!;
  vendor.respondWith({ steps: [chat.text('some words of an answer'), 'stall'] }, { steps: ['stall'] });
  const stream = await openStream(user.token, {});
  await stream.readUntil('some words');
  expect(vendor.requests[0]!.closed).toBe(false);
  stream.leave();
  await eventually(async () => vendor.requests[0]!.closed, 'the end of the call at the provider');
  const ended = await eventually(async () => (await rowsOf(user)).find(({ status }) => status !== 'running'), 'the end of the call');
  expect(ended).toMatchObject({ status: 'cancelled', reserved_credits: 0, usage: { estimated: true } });
  const charged = before - (await balance())!;
  expect(charged).toBe(ended.usage.input_tokens + ended.usage.output_tokens);
  // Before the first event, and without a stream.
  const leaving = new AbortController();
  const plain = fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(hello),
    signal: leaving.signal,
  });
  await eventually(async () => vendor.requests.length === 2, 'the second call');
  leaving.abort();
  await expect(plain).rejects.toThrow();
  await eventually(async () => vendor.requests[1]!.closed, 'the end of the second call at the provider');
  await eventually(async () => (await rowsOf(user)).every(({ status }) => status === 'cancelled'), 'the end of both');
  expect((await call('GET', '/v1/me/credits', { token: user.token })).body.reserved).toBe(0);
  const [{ count }] = await sql(
    `select count(*)::int from credit_transactions where account_id = $1 and reference_type = 'chat_completion'`,
    [user.accountId],
  );
  expect(count).toBe(2);
});

test('a reader that stops reading holds back the provider, and loses nothing when it goes on', async () => {
  const { vendor, user } = await openModel();
  await setBalance(app, user, 10_000_000);
  const piece = 'x'.repeat(64 * 1_024);
  vendor.respondWith({
    steps: [
      ...Array.from({ length: 120 }, () => chat.text(piece)),
      chat.stop(),
      chat.usage({ prompt_tokens: 1, completion_tokens: 2 }),
      chat.done,
    ],
  });
  await setPlatformSettings(app, { 'llm.max_answer_bytes': String(2 ** 24) });
  onTestFinished(() => setPlatformSettings(app, { 'llm.max_answer_bytes': null }));
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const body = JSON.stringify({ ...hello, stream: true });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${user.token}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  await eventually(async () => vendor.requests.length === 1, 'the call');
  // Nobody reads: the answer does not fit into the buffers, so the call cannot end.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await rowsOf(user))[0].status).toBe('running');
  let bytes = 0;
  let end = '';
  for await (const chunk of socket) {
    bytes += chunk.length;
    end = (end + chunk.toString()).slice(-200);
  }
  expect(bytes).toBeGreaterThan(120 * piece.length);
  expect(end).toContain('data: [DONE]');
  expect((await rowsOf(user))[0]).toMatchObject({ status: 'completed', usage: { input_tokens: 1, output_tokens: 2 } });
});

test('failures of the provider: with a status before the first chunk, as the last event after it', async () => {
  const { vendor, user, complete, balance } = await openModel();
  const before = await balance();
  for (const stream of [false, true])
    for (const [status, wanted, code] of [
      [400, 400, 'provider_rejected'],
      [401, 502, 'upstream_auth_failed'],
      [404, 502, 'upstream_request_failed'],
      [429, 429, 'provider_rate_limited'],
      [500, 502, 'upstream_request_failed'],
    ] as const) {
      vendor.respondWith(chat.failure(status, { message: `said the vendor of ${status}` }, { 'retry-after': '7' }));
      const { status: got, body, headers } = await complete({ stream });
      expect([got, body.error.code, body.error.message]).toEqual([wanted, code, `said the vendor of ${status}`]);
      expect(headers.get('retry-after')).toBe(status === 429 ? '7' : null);
    }
  vendor.respondWith({ steps: ['cut'] });
  expect((await complete({ stream: true })).body.error).toMatchObject({ type: 'server_error' });
  expect([await balance(), (await rowsOf(user)).every(({ status }) => status === 'failed')]).toEqual([before, true]);

  vendor.respondWith({ steps: [chat.text('half an'), 'cut'] });
  const { status, text } = await complete({ stream: true });
  const events = eventsOf(text);
  expect([status, events[1].choices[0].delta.content]).toEqual([200, 'half an']);
  expect(events.at(-1)).toEqual({
    error: { message: expect.any(String), type: 'server_error', param: null, code: 'upstream_unreachable' },
  });
  expect(text).not.toContain('[DONE]');
  // What arrived is charged.
  expect(await balance()).toBeLessThan(before!);
  expect((await rowsOf(user)).at(-1)).toMatchObject({ status: 'failed', reserved_credits: 0, usage: { estimated: true } });
});

test('an Idempotency-Key replays an answer without a second call, and has no effect on streams', async () => {
  const { vendor, complete, balance } = await openModel();
  vendor.respondWith(chat.answer('once'), chat.answer('one'), chat.answer('two'));
  const before = (await balance())!;
  const key = { 'idempotency-key': randomUUID() };
  const [first, again] = [await complete({}, key), await complete({}, key)];
  expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([200, first.body, 'true']);
  expect([vendor.requests.length, before - (await balance())!]).toEqual([1, 18]);
  const other = { 'idempotency-key': randomUUID() };
  expect(
    [(await complete({ stream: true }, other)).text, (await complete({ stream: true }, other)).text].map((text) => eventsOf(text).at(-1)),
  ).toEqual(['[DONE]', '[DONE]']);
  expect([vendor.requests.length, before - (await balance())!]).toEqual([3, 54]);
});

test('limits: concurrent calls, months, and the calls of a process that has stopped', async () => {
  const { vendor, user, complete, balance } = await openModel();
  await setPlatformSettings(app, { 'limit.concurrent_runs': '1' });
  const hold = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('a'), { wait: hold.promise }, ...chat.answer('b').steps!] });
  const first = complete({});
  await eventually(async () => vendor.requests.length === 1, 'the first call');
  const busy = await complete({});
  expect([busy.status, busy.body.error.code, busy.headers.get('retry-after')]).toEqual([429, 'concurrent_completions_exceeded', '1']);
  hold.resolve();
  expect((await first).status).toBe(200);
  await setPlatformSettings(app, { 'limit.concurrent_runs': '10', 'quota.tokens_per_month': '1' });
  const spent = await complete({});
  expect([spent.status, spent.body.error.code]).toEqual([402, 'monthly_quota_exceeded']);
  await setPlatformSettings(app, { 'quota.tokens_per_month': '0' });

  // Like a process that was killed after it had stored 5 tokens.
  const before = (await balance())!;
  const route = JSON.stringify({ prices: { ...prices, cost_per_1k_cache_write: null }, multiplier: '1.0' });
  const leaveBehind = (usage: object, seconds: number) =>
    sql(
      `insert into chat_completions (account_id, id, created_by_user_id, model, route, reserved_credits, usage, trace_id, expires_at)
       values ($1, gen_random_uuid(), $2, 'gpt-test', $3, 50, $4, repeat('0', 32), now() - $5 * interval '1 second')`,
      [user.accountId, user.id, route, JSON.stringify(usage), seconds],
    );
  await leaveBehind({ input_tokens: 3, output_tokens: 2, estimated: true }, 1);
  // The charge of the first one fails.
  await leaveBehind({ input_tokens: 1.5, output_tokens: 2 }, 2);
  expect((await call('GET', '/v1/me/credits', { token: user.token })).body.reserved).toBe(100);
  const errors: string[] = [];
  const log = { error: (_facts: object, message: string) => errors.push(message), warn: () => undefined } as never;
  const ended = await Promise.all([endAbandonedCompletions({ database, log }), endAbandonedCompletions({ database, log })]);
  expect(ended.reduce((sum, each) => sum + each, 0)).toBe(2);
  expect(errors[0]).toContain('ended without a charge');
  expect([before - (await balance())!, (await call('GET', '/v1/me/credits', { token: user.token })).body.reserved]).toEqual([5, 0]);
});

test('what a provider reports is stored in whole numbers, and at most what the call can have used', async () => {
  const { vendor, user, provider, complete, balance } = await openModel();
  await addModel(app, user, provider, { model: 'dear', ...prices, cost_per_1k_input: 999_999 });
  const told = (usage: Record<string, unknown>): ScriptedResponse => ({
    steps: [chat.text('a'), chat.stop(), chat.usage(usage), chat.done],
  });
  vendor.respondWith(
    told({ prompt_tokens: 1.5, completion_tokens: 0.4 }),
    told({ prompt_tokens: 1e300, completion_tokens: 1e300, prompt_tokens_details: { cached_tokens: 1e300 } }),
    told({ prompt_tokens: 1e300, completion_tokens: 7 }),
  );
  await setBalance(app, user, 1_000_000);
  const [small, large] = [await complete({}), await complete({})];
  expect([small.status, small.body.usage.prompt_tokens]).toEqual([200, 2]);
  expect([large.status, large.body.usage.completion_tokens]).toEqual([200, 131_073]);
  expect(large.body.usage.prompt_tokens).toBeLessThan(17_000);
  await setBalance(app, user, 1_000_000);
  expect((await complete({ model: 'dear' })).status).toBe(200);
  const rows = await rowsOf(user);
  expect(rows.map(({ status, reserved_credits }) => [status, reserved_credits])).toEqual(Array(3).fill(['completed', 0]));
  expect(Number(rows[2].cost_usd)).toBeLessThan(17_000 * 1_000);
  expect(await balance()).toBe(0);
});

test('calls that wait for a provider take no slots of other requests, and have a limit of their own', async () => {
  const { vendor, user, complete } = await openModel();
  await setBalance(app, user, 1_000_000);
  const hold = Promise.withResolvers<void>();
  const slow: ScriptedResponse = { steps: [{ wait: hold.promise }, ...chat.answer('late').steps!] };
  vendor.respondWith(slow, slow, slow, slow, chat.answer('free again'));
  const waiting = [];
  for (let at = 0; at < 4; at++) {
    waiting.push(complete(at === 0 ? { stream: true } : {}));
    await eventually(async () => vendor.requests.length === at + 1, 'the next call');
  }
  expect((await call('GET', '/v1/me', { token: user.token })).status).toBe(200);
  const fifth = await complete({});
  expect([fifth.status, fifth.body.error.code, fifth.headers.get('retry-after')]).toEqual([503, 'overloaded', '1']);
  hold.resolve();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  // Refused calls give their slots back.
  for (let at = 0; at < 5; at++) expect((await complete({ model: 'nothing' })).status).toBe(404);
  expect((await complete({})).status).toBe(200);
});

test('a call has a maximum duration, with an error that clients do not repeat', async () => {
  const { vendor, user, complete } = await openModel();
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': '300' });
  vendor.respondWith({ steps: ['stall'] }, { steps: [chat.text('half an'), 'stall'] }, chat.answer('in time'));
  const { status, body, headers } = await complete({});
  expect([status, body.error, headers.get('retry-after')]).toEqual([
    400,
    { message: expect.stringContaining('300 ms'), type: 'invalid_request_error', param: null, code: 'completion_too_long' },
    null,
  ]);
  const events = eventsOf((await complete({ stream: true })).text);
  expect(events.at(-1).error).toMatchObject({ type: 'invalid_request_error', code: 'completion_too_long' });
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': '5000000000' });
  expect((await complete({})).status).toBe(200);
  expect((await rowsOf(user)).map(({ status: end, reserved_credits }) => [end, reserved_credits])).toEqual([
    ['failed', 0],
    ['failed', 0],
    ['completed', 0],
  ]);
});

test('a call ends soon after its key was revoked or its secret replaced, its user suspended, or its account closed', async () => {
  // Only the renewal of the leases is advanced.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const rotate = ({ token }: Person, keyId: string, overlap_seconds: number) =>
    call('POST', `/v1/api-keys/${keyId}/rotate`, { token, body: { overlap_seconds } });
  const ends: ((user: Person, keyId: string) => Promise<unknown>)[] = [
    (user, keyId) => call('DELETE', `/v1/api-keys/${keyId}`, { token: user.token }),
    (user, keyId) => rotate(user, keyId, 0),
    ({ id }) => sql("update users set status = 'suspended' where id = $1", [id]),
    ({ accountId }) => sql('update accounts set deleted_at = now() where id = $1', [accountId]),
    ({ id }) => sql('delete from memberships where user_id = $1', [id]),
  ];
  for (const [index, end] of ends.entries()) {
    const { vendor, user } = await openModel();
    const key = (await call('POST', '/v1/api-keys', { token: user.token, body: { name: 'Shop', scopes: ['data.completions.write'] } }))
      .body;
    vendor.respondWith({ steps: ['stall'] });
    const answer = call('POST', '/v1/chat/completions', { token: key.key, body: hello });
    await eventually(async () => vendor.requests.length === 1, 'the call');
    if (index === 0) {
      // Its secret remains valid for the overlap.
      expect((await rotate(user, key.id, 60)).status).toBe(200);
      vi.advanceTimersByTime(15_000);
      await new Promise((done) => setTimeout(done, 50));
      expect(vendor.requests[0]!.closed).toBe(false);
    }
    await end(user, key.id);
    vi.advanceTimersByTime(15_000);
    const { status, body } = await answer;
    expect([status, body.error.type]).toEqual([401, 'authentication_error']);
    await eventually(async () => vendor.requests[0]!.closed, 'the end of the call at the provider');
    expect((await rowsOf(user))[0]).toMatchObject({ status: 'failed', reserved_credits: 0 });
  }
  // Also when the answer grows.
  const { vendor, user, complete } = await openModel();
  await setBalance(app, user, 1_000_000);
  const hold = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('a'), { wait: hold.promise }, chat.text('word '.repeat(4_000)), 'stall'] });
  const answer = complete({});
  await eventually(async () => vendor.requests.length === 1, 'the call');
  await sql("update users set status = 'suspended' where id = $1", [user.id]);
  hold.resolve();
  expect((await answer).status).toBe(401);
});

test('calls are deleted after the retention of run events and with their account, their personal data with their user', async () => {
  const { user } = await openModel();
  const other = await signUp();
  const add = (accountId: string, age: string) =>
    sql(
      `insert into chat_completions (account_id, id, created_by_user_id, status, model, route, end_user, metadata, trace_id, expires_at, ended_at)
       values ($1, gen_random_uuid(), $2, 'completed', 'gpt-test', '{}', 'person-7', '{"order": "12"}', repeat('0', 32), now(), now() - $3::interval)`,
      [accountId, user.id, age],
    );
  for (const age of ['1 day', '2 months', '4 months']) await add(user.accountId, age);
  await add(other.accountId, '1 day');
  await deleteExpiredRows(database, {
    auditRetentionDays: 0,
    runEventsRetentionMonths: 3,
    notificationRetentionDays: 0,
    webhookRetentionDays: 30,
  });
  expect(await rowsOf(user)).toHaveLength(2);
  const admin = await app.signUpAdmin();
  expect((await call('DELETE', `/v1/admin/users/${user.id}`, { token: admin.token })).status).toBe(204);
  for (const { accountId } of [user, other])
    for (const row of await rowsOf({ accountId } as Person)) expect([row.end_user, row.metadata]).toEqual([null, null]);
  await emptyClosedAccounts(database);
  expect([(await rowsOf(user)).length, (await rowsOf(other)).length]).toEqual([0, 1]);
});
