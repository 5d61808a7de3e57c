import { expect, test } from 'vitest';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { isTerminal, openStream, readAll, types } from '../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_SSE_HEARTBEAT_SECONDS: '0.3', ARKLOOP_STUB_AGENT_DELTA_COUNT: '30' });
const { url, call } = app;
const alice = await app.signUp();

const finishedRun = async () => {
  const runId = await startRun(app, alice, await openThread(app, alice));
  return { runId, events: await readAll(url, runId, alice.token) };
};

test('the stream has id, event and data fields, and complete events', async () => {
  const { runId, events } = await finishedRun();
  const stream = await openStream(url, runId, { token: alice.token });
  await stream.ended;
  expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(stream.headers.get('cache-control')).toBe('no-cache, no-transform');
  expect(stream.headers.get('x-accel-buffering')).toBe('no');
  expect(stream.headers.get('content-length')).toBeNull();
  expect(stream.text().startsWith(': ping\n\nid: 1\nevent: run.started\ndata: {')).toBe(true);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  for (const event of events) {
    expect(event.run_id).toBe(runId);
    expect(event.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(event.ts).toBe(event.created_at);
    expect(event.data.trace_id).toMatch(/^[0-9a-f]{32}$/);
  }
  expect(types(events).filter((type) => type !== 'message.delta' && type !== 'thread.title.updated')).toEqual([
    'run.started',
    'worker.job.received',
    'run.route.selected',
    'llm.turn.completed',
    'run.completed',
  ]);
});

test('a stream interrupted and resumed after any event returns every later event once', async () => {
  const { runId, events } = await finishedRun();
  for (const { seq } of events.slice(0, -1)) {
    const stream = await openStream(url, runId, { token: alice.token, lastEventId: seq });
    await stream.ended;
    expect(stream.events).toEqual(events.slice(seq));
  }
});

test('the start is the larger of after_seq and Last-Event-ID', async () => {
  const { runId, events } = await finishedRun();
  const after = async (options: { after?: number; lastEventId?: number }) => {
    const stream = await openStream(url, runId, { token: alice.token, ...options });
    await stream.ended;
    return { status: stream.status, first: stream.events[0]?.seq };
  };
  expect(await after({ after: 0, lastEventId: 5 })).toEqual({ status: 200, first: 6 });
  expect(await after({ after: 7, lastEventId: 5 })).toEqual({ status: 200, first: 8 });
  expect(await after({ after: events.length })).toEqual({ status: 200, first: undefined });
  expect(await after({ lastEventId: events.length })).toEqual({ status: 204, first: undefined });
  expect(await after({ after: 2 ** 31 - 1, lastEventId: 0 })).toEqual({ status: 204, first: undefined });
  for (const lastEventId of [2 ** 31 - 1, 2 ** 31, 9_999_999_999])
    expect(await after({ lastEventId }), `${lastEventId}`).toEqual({ status: 204, first: undefined });
});

test('invalid parameters return JSON errors instead of a stream', async () => {
  const { runId } = await finishedRun();
  const { token } = alice;
  const path = `/v1/runs/${runId}/events`;
  for (const query of ['after_seq=-1', 'after_seq=x', 'after_seq=9223372036854775808', 'follow=maybe', 'after_seq=1&after_seq=2'])
    expect(await call('GET', `${path}?${query}`, { token }), query).toMatchObject({ status: 400, body: { error: 'validation.error' } });
  for (const headers of [{ 'last-event-id': 'x' }, { 'last-event-id': '-1' }, { accept: 'application/json' }])
    expect(await call('GET', path, { token, headers }), JSON.stringify(headers)).toMatchObject({
      status: 400,
      body: { details: { issues: [{ location: 'header' }] } },
    });
  expect(await call('GET', path)).toMatchObject({ status: 401 });
  expect(await call('POST', path, { token })).toMatchObject({ status: 405 });
  expect(await call('HEAD', path, { token })).toMatchObject({ status: 405 });
  expect(await call('GET', path, { token: (await app.signUp()).token })).toMatchObject({ status: 404, body: { error: 'not_found' } });
});

test('a stream waits for events of a running run, and follow=false does not wait', async () => {
  const vendor = await addVendorModel(app, await app.signUp());
  const bob = await app.signUp();
  const own = await addVendorModel(app, bob);
  const isRead = Promise.withResolvers<void>();
  own.respondWith({ steps: [chat.text('one'), { wait: isRead.promise }, chat.text('two'), chat.stop(), chat.done] });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const live = await openStream(url, runId, { token: bob.token });
  await live.until((event) => event.type === 'message.delta');
  const now = await openStream(url, runId, { token: bob.token, follow: false });
  await now.ended;
  expect(now.events.some(isTerminal)).toBe(false);
  const ahead = await openStream(url, runId, { token: bob.token, after: live.events.length + 1 });
  await expect.poll(() => live.text().split(': ping\n\n').length).toBeGreaterThan(2);
  isRead.resolve();
  await live.ended;
  await ahead.ended;
  expect(ahead.events).toEqual(live.events.slice(ahead.events[0]!.seq - 1));
  await vendor.close();
  await own.close();
});

test('twenty readers of 1,000 deltas written meanwhile get every event once', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const pieces = Array.from({ length: 1_000 }, (_, at) => `${at} `);
  vendor.respondWith({
    steps: pieces
      .flatMap((piece, at) => (at % 100 === 0 ? [{ wait: 10 }, chat.text(piece)] : [chat.text(piece)]))
      .concat(chat.stop(), chat.done),
  });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const readers = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      await new Promise((done) => setTimeout(done, at * 8));
      return openStream(url, runId, { token: bob.token });
    }),
  );
  await Promise.all(readers.map((reader) => reader.ended));
  const log = await readAll(url, runId, bob.token);
  for (const reader of readers) expect(reader.events).toEqual(log);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, at) => at + 1));
  const text = log.map((event) => (event.type === 'message.delta' ? event.data.content : '')).join('');
  expect(text).toBe(pieces.join(''));
  await vendor.close();
});

test('line breaks, separators, quotes and emoji are preserved', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const nasty = 'a\nb\r\n\u0085\u2028\u2029data: {}\u2028\u2028"quoted" \\ 👩‍👩‍👧 é data: x\n\nid: 9';
  vendor.respondWith(chat.answer(nasty));
  const threadId = await openThread(app, bob);
  const runId = await startRun(app, bob, threadId);
  const events = await readAll(url, runId, bob.token);
  const raw = await openStream(url, runId, { token: bob.token });
  await raw.ended;
  // A client that splits at the line breaks of Unicode reads no other lines.
  expect(raw.text()).not.toMatch(/[\u0085\u2028\u2029]/);
  const { body } = await call('GET', `/v1/threads/${threadId}/messages`, { token: bob.token });
  expect(JSON.stringify(body)).toContain(JSON.stringify(nasty));
  expect(events.map((event) => (event.type === 'message.delta' ? event.data.content : '')).join('')).toBe(nasty);
  expect(events.at(-1)?.type).toBe('run.completed');
  await vendor.close();
});

test('sign-out and thread deletion end an open stream within 5 seconds', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith({ steps: [chat.text('x'), 'stall'] });
  const threadId = await openThread(app, bob);
  const runId = await startRun(app, bob, threadId);
  const login = await call('POST', '/v1/auth/login', { body: { login: bob.login, password: bob.password } });
  const stream = await openStream(url, runId, { token: login.body.access_token });
  await stream.until((event) => event.type === 'message.delta');
  const other = await openStream(url, runId, { token: bob.token });
  expect(await call('POST', '/v1/auth/logout', { token: login.body.access_token })).toMatchObject({ status: 200 });
  const began = Date.now();
  await stream.ended;
  expect(Date.now() - began).toTakeLessThan(5_500);
  expect(await call('DELETE', `/v1/threads/${threadId}`, { token: bob.token })).toMatchObject({ status: 204 });
  await other.ended;
  expect(await call('GET', `/v1/runs/${runId}`, { token: bob.token })).toMatchObject({ status: 404 });
  const [run] = await eventually(async () => {
    const rows = await app.sql('select status from runs where id = $1', [runId]);
    return rows[0].status === 'cancelled' && rows;
  }, 'the run of the deleted thread ends');
  expect(run.status).toBe('cancelled');
  await vendor.close();
});
