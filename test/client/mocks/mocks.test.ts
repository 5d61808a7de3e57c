import { expect, onTestFinished, test, vi } from 'vitest';
import type { RunInput } from '../../../client/generated/types.ts';
import {
  type ApiError,
  type Client,
  ConnectionError,
  createClient,
  openRunViewer,
  type RunEvent,
  webhooks,
} from '../../../client/index.ts';
import { callTool, createMocks, type MockOptions, say, type Script, think, untilCancelled } from '../../../client/mocks/index.ts';

const baseUrl = 'http://localhost:19000';

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

test.each([
  [{ action: 'decline' } as const, 'declined'],
  [{ content: '{"seats":2}' }, '{"seats":2}'],
])('a tool server reports progress and asks: %j', async (body, text) => {
  const { client } = open();
  const run_id = await startRun(client, '/server');
  const events: RunEvent[] = [];
  for await (const event of client.runs.stream(run_id)) {
    events.push(event);
    if (event.type !== 'run.waiting_for_input') continue;
    expect(event.data).toMatchObject({ reason: 'elicitation', mcp_server: { name: 'trains' } });
    const { request_id } = event.data;
    const send = (more: RunInput) => client.runs.input({ params: { run_id }, body: more });
    await expect(send({ ...body })).rejects.toMatchObject({ reason: 'request_id_required' });
    await expect(send({ ...body, request_id: 'another' })).rejects.toMatchObject({ reason: 'question_closed' });
    await expect(send({ content: 'two', request_id })).rejects.toMatchObject({ reason: 'invalid_answer' });
    await send({ ...body, request_id });
  }
  const viewer = openRunViewer();
  for (const event of events) {
    viewer.add(event);
    const [call] = viewer.view().toolCalls;
    if (event.type === 'tool.progress') expect(call?.progress).toMatchObject({ progress: 1, total: 2, message: 'Looking for seats' });
    if (event.type === 'tool.result') expect(call).toMatchObject({ state: 'done', progress: undefined });
  }
  const [result] = events.flatMap((event) => (event.type === 'tool.result' ? [event.data.result] : []));
  expect(result).toEqual({ content: [{ type: 'text', text }] });
  // A declined question leaves no text.
  expect(viewer.view().parts.filter(({ type }) => type === 'input')).toHaveLength('action' in body ? 0 : 1);
  const other = await startRun(client, '/wait');
  await expect(client.runs.input({ params: { run_id: other }, body: { action: 'decline' } })).rejects.toMatchObject({
    reason: 'action_not_allowed',
  });
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

test('a revoked key takes its runs and schedules along, a member who leaves the runs, and a suspended user the shares', async () => {
  const { mocks, client } = open();
  const endless: Script = async function* (talk) {
    yield* say('Well');
    await untilCancelled(talk);
  };
  mocks.plan(endless, endless);
  const { id: keyId, key } = await client.apiKeys.create({ body: { name: 'program' } });
  const program = createClient({ baseUrl, fetch: mocks.fetch, accessToken: key });
  const runId = await startRun(program);
  const schedule = { name: 'News', cron: '0 7 * * *', input: 'What is new?' };
  const [own, changed, other] = [
    await program.schedules.create({ body: schedule }),
    await client.schedules.create({ body: schedule }),
    await client.schedules.create({ body: schedule }),
  ];
  await program.schedules.update({ params: { schedule_id: changed.id }, body: { name: 'More news' } });
  await client.apiKeys.delete({ params: { id: keyId } });
  expect((await collect(client.runs.stream(runId))).at(-1)?.type).toBe('run.cancelled');
  const states = [own, changed, other].map(async ({ id }) => (await client.schedules.get({ params: { schedule_id: id } })).status);
  expect(await Promise.all(states)).toEqual(['paused', 'paused', 'active']);

  const admin = createClient({ baseUrl, fetch: mocks.fetch, accessToken: mocks.state.signUp({ isAdmin: true }).accessToken });
  const lab = await client.accounts.create({ body: { slug: 'lab', name: 'Lab' } });
  await admin.credits.adjust({ body: { account_id: lab.id, amount: 10, note: 'A gift' } });
  const ofGuest = createClient({ baseUrl, fetch: mocks.fetch });
  const email = 'guest@example.test';
  const { user_id } = await ofGuest.auth.register({ body: { login: 'guest', password: 'Passw0rd-1', email } });
  const { access_token } = await ofGuest.auth.verifyCode({ body: { email, otp: '00000000', reset_access: true } });
  const { token } = await client.invitations.create({ params: { account_id: lab.id }, body: { email, role: 'member' } });
  await ofGuest.invitations.accept({ params: { token: token! } });
  const runOfGuest = await startRun(createClient({ baseUrl, fetch: mocks.fetch, accessToken: access_token, accountId: lab.id }));
  const share = await ofGuest.shares.create({ params: { thread_id: (await ofGuest.threads.create()).id }, body: {} });
  await client.accounts.removeMember({ params: { account_id: lab.id, user_id } });
  expect(mocks.state.rows('/v1/runs').find(({ run_id }) => run_id === runOfGuest)).toMatchObject({ status: 'cancelled' });

  const view = () => client.shares.view({ params: { token: share.token } });
  await view();
  await admin.users.update({ params: { user_id }, body: { status: 'suspended' } });
  await expect(view()).rejects.toMatchObject({ status: 404 });
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
  expect(() => mocks.faults.next({ operation: 'thread.create', status: 500 })).toThrow('There is no operation thread.create.');
  expect(() => mocks.faults.rate(1, { operation: 'threads', status: 500 })).toThrow(TypeError);
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
  expect((await admin.adminAccounts.list()).map(({ name }) => name)).toEqual(['Team', "root's workspace", "ada's workspace"]);
  expect(await reasonOf(client.users.list().then())).toEqual([403, 'missing_permission', undefined]);
});

test('an attachment is read by its account, and with the token of a share whose messages contain it', async () => {
  const { mocks, client } = open();
  const { key, filename, mime_type, size } = await client.attachments.stage({ body: { file: new File(['text'], 'a.txt') } });
  const stranger = createClient({ baseUrl, fetch: mocks.fetch, accessToken: mocks.state.signUp().accessToken });
  const visitor = createClient({ baseUrl, fetch: mocks.fetch });
  const read = async (by: Client, share_token?: string, of = key) =>
    (await by.attachments.get({ params: { key: of }, query: { ...(share_token && { share_token }) } })).text();
  expect(await read(client)).toBe('text');
  expect(await reasonOf(read(stranger))).toEqual([404, undefined, undefined]);
  const { id: thread_id } = await client.threads.create();
  const { token } = await client.shares.create({ params: { thread_id }, body: {} });
  expect(await reasonOf(read(visitor, token))).toEqual([404, undefined, undefined]);
  const parts = [{ type: 'file' as const, attachment: { key, filename, mime_type, size } }];
  const { content_json } = await client.messages.create({ params: { thread_id }, body: { content_json: { parts } } });
  const [kept] = content_json!.parts as typeof parts;
  expect(await read(visitor, token, kept!.attachment.key)).toBe('text');
  expect(await reasonOf(read(visitor, 'f'.repeat(22)))).toEqual([404, undefined, undefined]);
  expect(await reasonOf(read(visitor))).toEqual([401, 'missing_token', undefined]);
});

test('rejects a request to another server', async () => {
  const { mocks } = open();
  await expect(mocks.fetch('http://127.0.0.1:19002/v1/me')).rejects.toThrow('is not of the mocked server');
});

/** A storage with a limit, as browsers have one. */
function newStorage(maxChars = 5_000_000) {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem(key: string, value: string) {
      if (value.length > maxChars) throw new Error('QuotaExceededError');
      items.set(key, value);
    },
    removeItem: (key: string) => void items.delete(key),
  };
}

test('a mock that is created again with the same storage continues where it was', async () => {
  const persist = newStorage();
  const before = open({ persist, webhookRetryMs: 1 });
  const { id: thread_id } = await before.client.threads.create({ body: { title: 'Plans' } });
  const params = { thread_id };
  await before.client.threads.star({ params });
  const { key } = await before.client.attachments.stage({
    body: { file: new File([new Uint8Array([0, 255, 10])], 'a.png', { type: 'image/png' }) },
  });
  const provider = await before.client.llmProviders.create({ body: { name: 'p', provider: 'openai', api_key: 'sk-1' } });
  await before.client.llmModels.create({ params: { provider_id: provider.id }, body: { model: 'm' } });
  await before.client.messages.create({ params, body: { content: '/wait' } });
  const { run_id } = await before.client.runs.create({ params });
  for await (const { type } of before.client.runs.stream(run_id)) if (type === 'message.delta') break;
  await before.client.threads.update({ params, body: { title: 'Better plans' } });
  const known = await before.client.me.get();

  const { mocks, client, person } = open({ persist });
  expect([person.userId, person.accessToken]).toEqual([before.person.userId, expect.not.stringMatching(before.person.accessToken)]);
  const returning = createClient({ baseUrl, fetch: mocks.fetch, accessToken: before.person.accessToken });
  expect(await returning.me.get()).toEqual(known);
  expect((await client.threads.get({ params })).title).toBe('Better plans');
  expect(await client.threads.starred()).toEqual([thread_id]);
  expect(new Uint8Array(await (await client.attachments.get({ params: { key } })).arrayBuffer())).toEqual(new Uint8Array([0, 255, 10]));
  const [{ models, ...restored } = { models: [] }] = await client.llmProviders.list();
  expect([restored, models]).toMatchObject([{ name: 'p' }, [{ model: 'm' }]]);
  await client.llmModels.update({ params: { provider_id: provider.id, model_id: models[0]!.id }, body: { model: 'n' } });
  expect((await client.llmProviders.list())[0]!.models).toMatchObject([{ model: 'n' }]);
  const events = await collect(client.runs.stream(run_id));
  expect(events.at(-1)).toMatchObject({ type: 'run.failed', seq: events.length, data: { resumable: true } });
  expect((await client.threads.get({ params })).active_run_id).toBeNull();
  expect((await client.credits.mine()).reserved).toBe(0);
  const continued = await client.runs.continue({ params, body: { run_id } });
  await client.runs.cancel({ params: { run_id: continued.run_id }, body: {} });

  mocks.reset();
  expect(persist.items.size).toBe(0);
});

test.each(['', 'null', '{', '{"version":0}', '{"version":1}', '{"version":1,"state":{"users":[],"tables":[["/v1/threads",7]]}}'])(
  'a storage with unreadable content is ignored: %s',
  async (content) => {
    const persist = newStorage();
    persist.items.set('arkloop-mocks', content);
    const { client } = open({ persist });
    expect(await client.threads.list()).toEqual([]);
    await client.threads.create();
    expect(await open({ persist }).client.threads.list()).toHaveLength(1);
  },
);

test('a full storage is reported once', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const { client } = open({ persist: newStorage(10) });
  await client.threads.create();
  expect(await client.threads.list()).toHaveLength(1);
  expect(warn).toHaveBeenCalledTimes(1);
});

test('webhooks reach the receiver of the test, or count as accepted', async () => {
  const received: Request[] = [];
  const { client } = open({ onWebhook: (request) => void received.push(request) });
  const endpoint = await client.webhookEndpoints.create({ body: { url: 'https://example.com/hooks', events: ['run.completed'] } });
  await collect(client.runs.stream(await startRun(client)));
  await expect
    .poll(() => client.webhookDeliveries.list({ params: { endpoint_id: endpoint.id } }).then())
    .toMatchObject([{ status: 'delivered' }]);
  const event = await webhooks.unwrap(received[0]!.headers, await received[0]!.text(), endpoint.signing_secret);
  expect([event.type, received[0]!.url]).toEqual(['run.completed', 'https://example.com/hooks']);
});

test('the credits of new users and the price of a run are those of the mock', async () => {
  const { mocks, client } = open({ credits: 20 });
  await collect(client.runs.stream(await startRun(client)));
  expect((await client.credits.mine()).balance).toBe(17);
  await collect(client.runs.stream(await startRun(client, '/spend 50000')));
  expect((await client.credits.mine()).balance).toBe(0);
  expect(await reasonOf(startRun(client))).toEqual([402, 'credits_exhausted', undefined]);
  const { accessToken } = mocks.state.signUp({ isAdmin: true });
  const admin = createClient({ baseUrl, fetch: mocks.fetch, accessToken });
  const policy = JSON.stringify({ tiers: [{ multiplier: 0 }] });
  await admin.platformSettings.set({ params: { key: 'credit.deduction_policy' }, body: { value: policy } });
  await admin.platformSettings.set({ params: { key: 'credit.initial_grant' }, body: { value: '5' } });
  const late = createClient({ baseUrl, fetch: mocks.fetch, accessToken: mocks.state.signUp().accessToken });
  await collect(late.runs.stream(await startRun(late)));
  expect((await late.credits.mine()).balance).toBe(5);
  expect(await admin.dashboard.get()).toEqual({
    ...{ total_users: 3, active_users_30d: 3, total_runs: 3, runs_today: 3, total_cost_usd: 0, active_accounts: 3 },
    ...{ total_input_tokens: 54_000, total_output_tokens: 6 },
  });
});

test('a share has pages, oldest first', async () => {
  const { mocks, client } = open();
  const visitor = createClient({ baseUrl, fetch: mocks.fetch });
  const { id: thread_id } = await client.threads.create();
  for (const content of ['1', '2', '3']) await client.messages.create({ params: { thread_id }, body: { content } });
  const { token } = await client.shares.create({ params: { thread_id }, body: {} });
  const pages: string[][] = [];
  for (let before: string | undefined, isLast = false; !isLast; isLast = before === undefined) {
    const view = await visitor.shares.view({ params: { token }, query: { limit: 2, ...(before && { before }) } });
    if (view.requires_password) throw new Error('It has no password.');
    pages.push(view.messages.map(({ content }) => content));
    before = view.nextCursor;
  }
  expect(pages).toEqual([['1', '2'], ['3']]);
});
