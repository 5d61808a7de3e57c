import { expect, test } from 'vitest';
import { type ApiError, type Client, ConnectionError, createClient, type RunEvent } from '../../../client/index.ts';
import { callTool, createMocks, type MockOptions, say, think } from '../../../client/mocks/index.ts';

const baseUrl = 'http://127.0.0.1:19001';

/** A mock with a client of a signed-in user that calls it without a network. */
function open(options: MockOptions = {}) {
  const mocks = createMocks({ stepMs: 0, ...options });
  const person = mocks.state.signUp({ login: 'ada' });
  const client = createClient({ baseUrl, fetch: mocks.fetch, accessToken: person.accessToken, retryDelayMs: 1 });
  return { mocks, person, client };
}

async function startRun(client: Client, content = 'Hello') {
  const { id: thread_id } = await client.threads.create();
  await client.messages.create({ params: { thread_id }, body: { content } });
  return (await client.runs.create({ params: { thread_id } })).run_id;
}

async function collect(stream: AsyncIterable<RunEvent>) {
  const events: RunEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
const textOf = (events: readonly RunEvent[]) =>
  events.map((event) => (event.type === 'message.delta' && !event.data.channel ? event.data.content : '')).join('');
const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    ({ status, reason, retryAfterMs }: ApiError) => [status, reason, retryAfterMs],
  );

test('runs echo the message unless a script is planned', async () => {
  const { mocks, client } = open();
  expect(textOf(await collect(client.runs.stream(await startRun(client, 'Good  morning!'))))).toBe('You said: Good  morning!');
  mocks.plan(async function* (talk) {
    yield* think('Hm.');
    yield* callTool(talk, 'web_search', { query: talk.message }, { results: [] });
    yield* say(`${talk.transcript.length} message`);
  });
  const events = await collect(client.runs.stream(await startRun(client, 'weather')));
  expect(events.map(({ type }) => type)).toEqual([
    ...['run.started', 'worker.job.received', 'run.route.selected', 'thread.title.updated'],
    ...['run.segment.start', 'message.delta', 'run.segment.end', 'tool.call', 'tool.result'],
    ...['message.delta', 'message.delta', 'llm.turn.completed', 'run.completed'],
  ]);
  expect(events.find(({ type }) => type === 'tool.call')).toMatchObject({
    tool_name: 'web_search',
    data: { arguments: { query: 'weather' } },
  });
  expect(textOf(events)).toBe('1 message');
  mocks.reset();
});

test.each([
  ['/think Yes.', 'Yes.', 'run.segment.start'],
  ['/tool', 'Done.', 'tool.result'],
  ['/fail', '', 'run.failed'],
])('a message can be a command: %s', async (message, text, type) => {
  const { client } = open();
  const events = await collect(client.runs.stream(await startRun(client, message)));
  expect([textOf(events), events.some((event) => event.type === type)]).toEqual([text, true]);
});

test('a script that throws fails its run', async () => {
  const { mocks, client } = open();
  mocks.plan(() => {
    throw new Error('Never.');
  });
  expect((await collect(client.runs.stream(await startRun(client)))).at(-1)).toMatchObject({
    type: 'run.failed',
    data: { error_class: 'internal.error', message: expect.stringContaining('Never.') },
  });
});

test('the client resumes a cut stream after the last event', async () => {
  const { mocks, client } = open();
  const runId = await startRun(client, 'one two three');
  const whole = await collect(client.runs.stream(runId));
  mocks.faults.cutStream(2, 3);
  expect(await collect(client.runs.stream(runId))).toEqual(whole);
  mocks.faults.cutStream(whole.length);
  expect(await collect(client.runs.stream(runId))).toEqual(whole);
});

test('after the final event a reconnection gets 204, and other requests an ended stream', async () => {
  const { mocks, person, client } = open();
  const runId = await startRun(client);
  const { length } = await collect(client.runs.stream(runId));
  const get = (query: string, headers: Record<string, string> = {}) =>
    mocks.fetch(`${baseUrl}/v1/runs/${runId}/events${query}`, { headers: { authorization: `Bearer ${person.accessToken}`, ...headers } });
  expect((await get('', { 'last-event-id': String(length) })).status).toBe(204);
  expect(await (await get(`?after_seq=${length}`)).text()).toBe(': ping\n\n');
  expect(await (await get('?follow=false', { 'last-event-id': String(length - 1) })).text()).toMatch(
    new RegExp(`^: ping\n\nid: ${length}\nevent: run.completed\ndata: \\{.*\\}\n\n$`),
  );
});

test('injected faults occur as often as configured', async () => {
  const { mocks, client } = open();
  const once = { maxRetries: 0 };
  mocks.faults.next({ operation: 'threads.create', status: 429, reason: 'overloaded', retryAfter: 7, times: 2 });
  expect(await reasonOf(client.threads.create({}, once))).toEqual([429, 'overloaded', 7_000]);
  expect(await reasonOf(client.me.get({}, once))).toBeUndefined();
  expect(await reasonOf(client.threads.create({}, once))).toEqual([429, 'overloaded', 7_000]);
  expect(await reasonOf(client.threads.create({}, once))).toBeUndefined();
  mocks.faults.next({ status: 503, times: 2 });
  expect((await client.me.get()).login).toBe('ada');
  mocks.faults.next({ status: 'lost' });
  await expect(client.me.get({}, once)).rejects.toBeInstanceOf(ConnectionError);
  mocks.faults.slow(60_000);
  await expect(client.me.get({}, { timeoutMs: 20, maxRetries: 0 })).rejects.toMatchObject({ name: 'TimeoutError' });
  mocks.faults.clear();
  expect((await client.me.get({}, once)).login).toBe('ada');
});

test('a fault rate is deterministic per seed', async () => {
  const failuresOf = async (seed: number) => {
    const { mocks, client } = open({ seed });
    mocks.faults.rate(0.5, { status: 500 });
    const answers: boolean[] = [];
    for (let at = 0; at < 40; at++) answers.push((await reasonOf(client.me.get({}, { maxRetries: 0 }))) === undefined);
    return answers;
  };
  const [first, again, other] = [await failuresOf(1), await failuresOf(1), await failuresOf(2)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(first.filter(Boolean).length).toBeGreaterThan(8);
  expect(first.filter(Boolean).length).toBeLessThan(32);
});

test('equal seeds and times give byte-identical events, regardless of concurrent requests', async () => {
  const eventsOf = async (busy: boolean) => {
    const { client, mocks } = open({ now: () => Date.UTC(2026, 5, 1), stepMs: 1 });
    const runId = await startRun(client, '/tool and more');
    if (busy) await Promise.all(Array.from({ length: 5 }, () => client.me.get()));
    const events = JSON.stringify(await collect(client.runs.stream(runId)));
    mocks.reset();
    return events;
  };
  expect(await eventsOf(true)).toBe(await eventsOf(false));
});

test('tokens expire, idempotency keys replay responses, and reset() clears all state', async () => {
  let time = Date.UTC(2026, 0, 1);
  const { mocks, person, client } = open({ now: () => time });
  const repeated = { idempotencyKey: 'k' };
  const first = await client.threads.create({}, repeated);
  const replay = await mocks.fetch(`${baseUrl}/v1/threads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${person.accessToken}`, 'idempotency-key': '"k"' },
  });
  expect([replay.status, replay.headers.get('idempotent-replayed'), await replay.json()]).toEqual([201, 'true', first]);
  const both = { ...repeated, idempotencyKey: 'k2', maxRetries: 0 };
  const answers = await Promise.all([1, 2].map(() => reasonOf(client.threads.create({}, both))));
  expect(answers).toEqual([undefined, [409, 'idempotency_in_progress', 1_000]]);
  time += 900_000;
  expect(await reasonOf(client.me.get())).toEqual([401, 'token_expired', undefined]);
  mocks.reset();
  expect(mocks.state.rows('/v1/threads')).toEqual([]);
  const forgotten = createClient({ baseUrl, fetch: mocks.fetch, accessToken: person.accessToken });
  expect(await reasonOf(forgotten.me.get())).toEqual([401, 'invalid_token', undefined]);
  const again = mocks.state.signUp({ login: 'ada' });
  expect(mocks.state.rows('/v1/projects')).toHaveLength(1);
  expect(again.userId).toMatch(/^[0-9a-f-]{36}$/);
});

test('state.add() inserts rows that no request creates', async () => {
  const { mocks, person, client } = open();
  mocks.state.add('/v1/notifications', { type: 'news', title: 'Hello' }, person);
  const { data } = await client.notifications.list({ query: { unread_only: true } });
  expect(data).toMatchObject([{ title: 'Hello', user_id: person.userId, read_at: null }]);
  await client.notifications.read({ params: { notification_id: data[0]!.id }, body: {} });
  expect((await client.notifications.list()).data[0]!.read_at).toMatch(/Z$/);
  expect((await client.notifications.list({ query: { unread_only: true } })).data).toEqual([]);
  const stranger = mocks.state.signUp();
  const other = createClient({ baseUrl, fetch: mocks.fetch, accessToken: stranger.accessToken });
  expect((await other.notifications.list()).data).toEqual([]);
  expect(() => mocks.state.add('/v1/nothing', {}, person)).toThrow('There is no list at /v1/nothing.');
});

test('a platform admin lists users and accounts', async () => {
  const { mocks, client } = open();
  const { accessToken } = mocks.state.signUp({ login: 'root', isAdmin: true });
  const admin = createClient({ baseUrl, fetch: mocks.fetch, accessToken });
  await client.accounts.create({ body: { slug: 'team', name: 'Team' } });
  expect((await admin.users.list()).map(({ login }) => login)).toEqual(['root', 'ada']);
  expect((await admin.adminAccounts.list()).map(({ name }) => name)).toEqual(['Team', 'root', 'ada']);
  expect(await reasonOf(client.users.list().then())).toEqual([403, 'missing_permission', undefined]);
});

test('an attachment is read by its account, and with the token of a share whose messages contain it', async () => {
  const { mocks, client } = open();
  const { key, filename, mime_type, size } = await client.attachments.stage({ body: { file: new File(['text'], 'a.txt') } });
  const stranger = createClient({ baseUrl, fetch: mocks.fetch, accessToken: mocks.state.signUp().accessToken });
  const visitor = createClient({ baseUrl, fetch: mocks.fetch });
  const read = async (by: Client, share_token?: string) =>
    (await by.attachments.get({ params: { key }, query: { ...(share_token && { share_token }) } })).text();
  expect(await read(client)).toBe('text');
  expect(await reasonOf(read(stranger))).toEqual([404, undefined, undefined]);
  const { id: thread_id } = await client.threads.create();
  const { token } = await client.shares.create({ params: { thread_id }, body: {} });
  expect(await reasonOf(read(visitor, token))).toEqual([404, undefined, undefined]);
  const parts = [{ type: 'file' as const, attachment: { key, filename, mime_type, size } }];
  await client.messages.create({ params: { thread_id }, body: { content_json: { parts } } });
  expect(await read(visitor, token)).toBe('text');
  expect(await reasonOf(read(visitor, 'f'.repeat(22)))).toEqual([404, undefined, undefined]);
  expect(await reasonOf(read(visitor))).toEqual([401, 'missing_token', undefined]);
});

test('rejects a request to another server', async () => {
  const { mocks } = open();
  await expect(mocks.fetch('http://127.0.0.1:19002/v1/me')).rejects.toThrow('is not of the mocked server');
});
