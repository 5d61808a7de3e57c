import { createHmac } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { startTestApp, testSecrets } from '../../support/app/testApp.ts';
import { connectMcp, type Era, openMcp, postMcp } from '../../support/http/mcpClient.ts';
import { createKey } from '../../support/resources/apiKeys.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_MAX_STREAMS_PER_USER: '20' });

/** An agent with a thread, whose model follows a script. */
async function openAgent(script: ScriptedResponse[], era: Era = '2026-07-28') {
  const person = await app.signUp();
  const talk = await openScriptedThread(app, { person, script, message: 'Before' });
  const key = await createKey(app, person);
  const agent = await connectMcp(app.url, key.key, era);
  const statusesOf = async () =>
    (await app.call('GET', `/v1/threads/${talk.threadId}/runs`, { token: person.token })).body.map(({ status }: any) => status);
  return { ...talk, ...key, ...agent, person, statusesOf };
}

const hold = () => {
  const gate = Promise.withResolvers<void>();
  onTestFinished(() => gate.resolve());
  return { open: gate.resolve, script: { steps: [chat.text('First'), { wait: gate.promise }, ...chat.answer(' and last.').steps!] } };
};

test('a call that waits too long names the run, which is asked again', async () => {
  const { open, script } = hold();
  const { use, threadId: thread_id, vendor } = await openAgent([script]);
  const early = await use('send_message', { thread_id, content: 'Go', wait_seconds: 0 });
  expect(early).toMatchObject({ status: 'running', answer: null, note: expect.stringContaining('get_run') });
  await eventually(async () => vendor.requests.length === 1, 'the call of the model');
  expect(await use('get_run', { run_id: early.run_id, wait_seconds: 1 })).toMatchObject({ status: 'running' });
  const waiting = use('get_run', { run_id: early.run_id, wait_seconds: 40 });
  open();
  expect(await waiting).toMatchObject({ status: 'completed', answer: 'First and last.', total_input_tokens: 11 });
});

test.each(['2026-07-28', 'legacy'] as const)('a question is answered, and progress names the tools (%s)', async (era) => {
  const { use, threadId: thread_id } = await openAgent([callsTools(['ask_user', askUserArgs(), 'q1']), chat.answer('Blue it is.')], era);
  const said: (string | undefined)[] = [];
  const onprogress = ({ message }: { message?: string }) => void said.push(message);
  const asked = await use('send_message', { thread_id, content: 'Paint it' }, { onprogress });
  expect(asked).toMatchObject({
    status: 'waiting_for_input',
    question: { message: 'Which colour?', requested_schema: { required: ['colour'] } },
    note: expect.stringContaining('answer_question'),
  });
  expect(said).toContain('Calling ask_user');
  const told = await use('answer_question', { run_id: asked.run_id, content: '{"colour":"blue"}' });
  expect(told).toMatchObject({ status: 'completed', answer: 'Blue it is.', question: null });
});

test('errors of the API are results with code and details; a message without a run is not stored', async () => {
  const { open, script } = hold();
  const { use, fail, threadId: thread_id, person } = await openAgent([script, chat.failure(400, { message: 'no' })]);
  const { run_id } = await use('send_message', { thread_id, content: 'Go', wait_seconds: 0 });
  expect(await fail('send_message', { thread_id, content: 'Again' })).toMatchObject({
    error: 'conflict',
    message: expect.any(String),
    details: { reason: 'thread_busy' },
  });
  const { messages } = await use('get_thread', { thread_id });
  expect(messages.map(({ content }: any) => content)).toEqual(['Before', 'Go']);
  open();
  expect(await use('get_run', { run_id, wait_seconds: 40 })).toMatchObject({ status: 'completed' });
  // A run that fails is no error of the tool.
  expect(await use('send_message', { thread_id, content: 'Fail' })).toMatchObject({
    status: 'failed',
    error: { error_class: expect.any(String), message: expect.any(String) },
  });
  const audited = await app.sql(
    `select action, target_id::text from audit_logs where account_id = $1 and actor_user_id = $2 and action in ('run.create', 'message.create')`,
    [person.accountId, person.id],
  );
  expect(audited.filter(({ action }) => action === 'run.create').map(({ target_id }) => target_id)).toContain(run_id);
  expect(audited.filter(({ action }) => action === 'message.create')).toHaveLength(3);
});

test.each(['2026-07-28', 'legacy'] as const)('cancelling a call cancels the run that it has started (%s)', async (era) => {
  const { use, client, threadId: thread_id, vendor, statusesOf } = await openAgent([hold().script, hold().script], era);
  const leaving = new AbortController();
  const call = client.callTool({ name: 'send_message', arguments: { thread_id, content: 'Go' } }, { signal: leaving.signal });
  await eventually(async () => vendor.requests.length === 1, 'the call of the model');
  leaving.abort();
  await expect(call).rejects.toThrow();
  await eventually(async () => (await statusesOf())[0] === 'cancelled', 'the end of the run');
  // A call that only waits does not cancel.
  const { run_id } = await use('send_message', { thread_id, content: 'Once more', wait_seconds: 0 });
  await eventually(async () => vendor.requests.length === 2, 'the second call of the model');
  const stop = new AbortController();
  const options = { signal: stop.signal, onprogress: () => stop.abort() };
  const waiting = client.callTool({ name: 'get_run', arguments: { run_id, wait_seconds: 40 } }, options);
  await expect(waiting).rejects.toThrow();
  expect(await statusesOf()).toEqual(['running', 'cancelled']);
  expect(await use('cancel_run', { run_id })).toEqual({ ok: true });
  await eventually(async () => (await statusesOf())[0] === 'cancelled', 'the end of the second run');
});

test('a lost connection of an older client, and the cancellation of another client, leave the run alone', async () => {
  const { open, script } = hold();
  const { client, key, threadId: thread_id, vendor, statusesOf, use } = await openAgent([script], 'legacy');
  const message = {
    jsonrpc: '2.0',
    id: 77,
    method: 'tools/call',
    params: { name: 'send_message', arguments: { thread_id, content: 'Go' } },
  };
  const leaving = new AbortController();
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-session-id': 'mine',
  };
  const response = await fetch(`${app.url}/mcp`, { method: 'POST', headers, body: JSON.stringify(message), signal: leaving.signal });
  await eventually(async () => vendor.requests.length === 1, 'the call of the model');
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } };
  const stranger = await createKey(app, await app.signUp());
  expect((await postMcp(app, stranger.key, cancelled, { 'mcp-session-id': 'mine' })).status).toBe(202);
  expect((await postMcp(app, key, cancelled, { 'mcp-session-id': 'another' })).status).toBe(202);
  expect((await postMcp(app, key, cancelled)).status).toBe(202);
  leaving.abort();
  await response.text().catch(() => undefined);
  expect(await statusesOf()).toEqual(['running']);
  open();
  await eventually(async () => (await statusesOf())[0] === 'completed', 'the end of the run');
  expect((await use('get_thread', { thread_id })).messages.at(-1).content).toBe('First and last.');
  expect(client.getServerVersion()).toBeDefined();
});

test('a key that is revoked during a call ends the call and its run', async () => {
  const { fail, keyId, person, threadId: thread_id, vendor, statusesOf, client } = await openAgent([hold().script]);
  const call = fail('send_message', { thread_id, content: 'Go' });
  await eventually(async () => vendor.requests.length === 1, 'the call of the model');
  expect((await app.call('DELETE', `/v1/api-keys/${keyId}`, { token: person.token })).status).toBe(204);
  const [{ run_id }] = (await app.call('GET', `/v1/threads/${thread_id}/runs`, { token: person.token })).body;
  // The message is stored, so the call must not be repeated.
  expect(await call).toMatchObject({
    error: 'auth.unauthorized',
    message: expect.stringMatching(/^The call was accepted; continue with get_run\./),
    details: { reason: 'invalid_token', run_id },
  });
  await expect.poll(statusesOf).toEqual(['cancelled']);
  await expect(client.listTools()).rejects.toThrow();
});

const callOf = (name: string, args: object) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });

test('an access token that expires during a call does not end the call', async () => {
  const { open, script } = hold();
  const { person, threadId: thread_id } = await openAgent([script]);
  const [head, payload] = person.token.split('.') as [string, string];
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), exp: Math.ceil(Date.now() / 1_000) + 2 };
  const text = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const token = `${text}.${createHmac('sha256', testSecrets.jwtSecret).update(text).digest('base64url')}`;
  const call = postMcp(app, token, callOf('send_message', { thread_id, content: 'Go' }));
  await eventually(async () => (await app.call('GET', '/v1/me', { token })).status === 401, 'the end of the token');
  open();
  expect((await call).text).toContain('"status":"completed"');
  expect((await postMcp(app, token, callOf('list_threads', {}))).status).toBe(401);
});

test('a call that does not wait, or has no free stream, is answered as JSON within its request', async () => {
  const { open, script } = hold();
  const { key, threadId: thread_id } = await openAgent([script]);
  const begun = await postMcp(app, key, callOf('send_message', { thread_id, content: 'Go', wait_seconds: 0 }));
  const { run_id } = begun.body.result.structuredContent;
  const wait = callOf('get_run', { run_id, wait_seconds: 60 });
  const streams = await Promise.all(Array.from({ length: 20 }, () => openMcp(app, key, wait)));
  for (const { headers } of streams) expect(headers.get('content-type')).toContain('text/event-stream');
  expect((await postMcp(app, key, wait)).body.result.structuredContent).toMatchObject({ run_id, status: 'running' });
  open();
  for (const stream of streams) expect(await stream.text()).toContain('"status":"completed"');
  await eventually(async () => (await postMcp(app, key, wait)).text.startsWith(':'), 'a free stream');
});

test('50 calls at once are all answered; those without a free stream do not wait', async () => {
  const { use, fail } = await openAgent([]);
  const threads = await Promise.all(Array.from({ length: 50 }, () => use('create_thread', { title: 'x' })));
  const runs = await Promise.all(
    threads.map(({ id }) => use('send_message', { thread_id: id, content: 'Hi', model: 'nothing', wait_seconds: 40 })),
  );
  expect(new Set(runs.map(({ run_id }) => run_id)).size).toBe(50);
  const ended = await Promise.all(
    runs.map(({ run_id }) =>
      eventually(async () => {
        const run = await use('get_run', { run_id, wait_seconds: 20 });
        return run.status === 'failed' && run;
      }, 'the end of the run'),
    ),
  );
  expect(ended).toHaveLength(50);
  expect((await fail('get_run', { run_id: crypto.randomUUID(), wait_seconds: 1 })).error).toBe('not_found');
});

test.each(['2026-07-28', 'legacy'] as const)(
  'a streamed answer has no line breaks of Unicode, at which clients may split events (%s)',
  async (era) => {
    const answer = 'a\u0085\u2028data: {"forged": true}\u2029\u2028b';
    const { use, key, threadId: thread_id } = await openAgent([chat.answer(answer)], era);
    const { run_id } = await use('send_message', { thread_id, content: 'Go', wait_seconds: 0 });
    const params = { name: 'get_run', arguments: { run_id, wait_seconds: 40 } };
    const streamed = await postMcp(app, key, { jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    expect(streamed.text).not.toMatch(/[\u0085\u2028\u2029]/);
    expect(await use('get_run', { run_id })).toMatchObject({ status: 'completed', answer });
  },
);
