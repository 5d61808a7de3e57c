import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { ConnectionError, createClient, type RunEvent } from '../../../client/index.ts';
import { untilCancelled } from '../../../client/mocks/index.ts';
import { usage } from '../../../client/mocks/standalone/options.ts';
import { startMockServer } from '../../../client/mocks/standalone/server.ts';
import { machinePath, missingPrograms } from '../../support/app/programs.ts';

const program = fileURLToPath(new URL('../../../client/mocks/standalone/main.ts', import.meta.url));

/** Starts the program of `npm run mock`. It is killed when the test ends. */
function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream!) text += chunk;
  return text;
}

/** Runs the program to its end. Returns exit status and output. */
async function finished(...args: string[]) {
  const child = start(...args);
  const exit = once(child, 'exit');
  const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return { status: (await exit)[0] as number, out, err };
}

/** Starts a server in this process. It closes when the test ends. */
async function open() {
  const server = await startMockServer(0, { stepMs: 0 });
  onTestFinished(server.close);
  const { accessToken } = server.mocks.state.signUp();
  return {
    ...server,
    client: createClient({ baseUrl: server.address, accessToken, retryDelayMs: 1 }),
    authorization: `Bearer ${accessToken}`,
  };
}

test('the program prints its address and the demo user, and exits on SIGTERM', async () => {
  const child = start('--port', '0', '--seed', '7');
  let out = '';
  for await (const chunk of child.stdout!) {
    out += chunk;
    if (out.includes('Ctrl-C')) break;
  }
  const [, baseUrl] = /^The mock answers at (http:\/\/127\.0\.0\.1:\d+)\nSign in as demo with Passw0rd-1/.exec(out)!;
  const client = createClient({ baseUrl: baseUrl! });
  await client.auth.login({ body: { login: 'demo', password: 'Passw0rd-1' } });
  expect((await client.me.get()).permissions).toContain('platform.admin');
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});

test('a startup error is one line', async () => {
  const { address } = await open();
  const { port } = new URL(address);
  const answers = await Promise.all([
    finished('--port', 'x'),
    finished('--port', '65536'),
    finished('--colour'),
    finished('--port', port),
    finished('--help'),
  ]);
  expect(answers.map(({ status, err }) => [status, err])).toEqual([
    [1, '--port wants a number from 0 to 65535, not "x".\n'],
    [1, '--port wants a number from 0 to 65535, not "65536".\n'],
    [1, "Unknown option '--colour'. See --help.\n"],
    [1, `Port ${port} is in use: choose another with --port.\n`],
    [0, ''],
  ]);
  expect(answers.at(-1)!.out).toContain('npm run mock');
});

test('events are streamed immediately, before the run ends', async () => {
  const { client, mocks } = await open();
  const { id: thread_id } = await client.threads.create();
  await client.messages.create({ params: { thread_id }, body: { content: 'one' } });
  mocks.plan(async function* (talk) {
    yield { type: 'message.delta', data: { content: 'One', content_delta: 'One', role: 'assistant' } };
    await untilCancelled(talk);
  });
  const { run_id } = await client.runs.create({ params: { thread_id } });
  const seen: RunEvent['type'][] = [];
  for await (const { type } of client.runs.stream(run_id)) {
    seen.push(type);
    if (type === 'message.delta') break;
  }
  expect(seen.at(-1)).toBe('message.delta');
  expect((await client.runs.get({ params: { run_id } })).status).toBe('running');
});

test('event streams have no line breaks of Unicode, which clients may split at', async () => {
  const { client, mocks, address, authorization } = await open();
  const content = 'a\u0085\u2028data: {}\u2029\u2028b';
  const { id: thread_id } = await client.threads.create();
  await client.messages.create({ params: { thread_id }, body: { content: 'one' } });
  mocks.plan(async function* () {
    yield { type: 'message.delta', data: { content, content_delta: content, role: 'assistant' } };
  });
  const { run_id } = await client.runs.create({ params: { thread_id } });
  const answer = await fetch(`${address}/v1/runs/${run_id}/events`, { headers: { authorization, accept: 'text/event-stream' } });
  expect(await answer.text()).not.toMatch(/[\u0085\u2028\u2029]/);
  const told: string[] = [];
  for await (const event of client.runs.stream(run_id)) if (event.type === 'message.delta') told.push(event.data.content);
  expect(told).toEqual([content]);
});

test('injected connection losses reach the client, and a cut stream is resumed', async () => {
  const { client, mocks } = await open();
  mocks.faults.next({ status: 'lost' });
  await expect(client.me.get({}, { maxRetries: 0 })).rejects.toBeInstanceOf(ConnectionError);
  const { id: thread_id } = await client.threads.create();
  await client.messages.create({ params: { thread_id }, body: { content: 'one two three' } });
  const { run_id } = await client.runs.create({ params: { thread_id } });
  mocks.faults.cutStream(3, 2);
  const seqs: number[] = [];
  for await (const { seq } of client.runs.stream(run_id)) seqs.push(seq);
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  expect(seqs.length).toBeGreaterThan(6);
});

test('CORS allows any origin, with credentials', async () => {
  const { address, authorization } = await open();
  const origin = 'http://localhost:5173';
  const asked = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
  const preflight = await fetch(`${address}/v1/me`, { method: 'OPTIONS', headers: asked });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
  expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
  const answer = await fetch(`${address}/v1/me`, { headers: { origin, authorization } });
  expect([answer.status, answer.headers.get('access-control-allow-credentials')]).toEqual([200, 'true']);
  expect(answer.headers.get('access-control-expose-headers')).toContain('X-Next-Cursor');
});

test("sign-in is allowed only from localhost, the mock's own origin and configured origins", async () => {
  const server = await startMockServer(0, { allowedOrigins: ['https://app.example.test'] });
  onTestFinished(server.close);
  const { login, password } = server.mocks.state.signUp();
  const statusFrom = async (origin: string) => {
    const headers = { origin, 'content-type': 'application/json' };
    return (await fetch(`${server.address}/v1/auth/login`, { method: 'POST', headers, body: JSON.stringify({ login, password }) })).status;
  };
  const welcome = [server.address, 'http://localhost:5173', 'https://shop.localhost', 'http://[::1]:3000', 'https://app.example.test'];
  const unwelcome = [
    'null',
    'https://example.test',
    'http://localhost.example.test',
    'http://127.0.0.1.example.test',
    'https://notlocalhost',
  ];
  expect(await Promise.all(welcome.map(statusFrom))).toEqual(welcome.map(() => 200));
  expect(await Promise.all(unwelcome.map(statusFrom))).toEqual(unwelcome.map(() => 403));
});

test('a body that is too large is rejected with or without Content-Length', async () => {
  const { address, authorization, client } = await open();
  const headers = { authorization, 'content-type': 'application/json' };
  const body = () => JSON.stringify({ title: 'x'.repeat(2 ** 20) });
  const told = await fetch(`${address}/v1/threads`, { method: 'POST', headers, body: body() });
  const untold = { method: 'POST', headers, body: new Blob([body()]).stream(), duplex: 'half' };
  const form = new FormData();
  form.set('file', new File([new Uint8Array(22 * 2 ** 20)], 'a.bin'));
  const answers = [told, await fetch(`${address}/v1/threads`, untold as RequestInit)];
  answers.push(await fetch(`${address}/v1/attachments/stage`, { method: 'POST', headers: { authorization }, body: form }));
  expect(await Promise.all(answers.map(async (each) => [each.status, (await each.json()).error]))).toEqual(
    answers.map(() => [413, 'payload_too_large']),
  );
  expect(await client.threads.list()).toEqual([]);
});

test('uploads and downloads keep their bytes', async () => {
  const { client } = await open();
  const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 255, 10, 13]);
  const { key, size, kind } = await client.attachments.stage({ body: { file: new File([bytes], 'ä.png', { type: 'image/png' }) } });
  expect([size, kind]).toEqual([8, 'image']);
  const file = await client.attachments.get({ params: { key } });
  expect([file.type, new Uint8Array(await file.arrayBuffer())]).toEqual(['image/png', bytes]);
});

test('a malformed request does not stop the server', async () => {
  const { address, client } = await open();
  const { port } = new URL(address);
  const { connect } = await import('node:net');
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET //// HTTP/1.1\r\nhost: x\r\n\r\n');
  await wait(50);
  socket.destroy();
  expect((await client.me.get()).login).toBe('user-1');
});

/** Starts a server, and returns a function that sends control requests. */
async function openControl() {
  const server = await startMockServer(0, { stepMs: 0, people: [{ login: 'demo', isAdmin: true }] });
  onTestFinished(server.close);
  const control = async (request: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [method, path] = request.split(' ') as [string, string];
    const answer = await fetch(`${server.address}/__mock${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, text, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined };
  };
  return { ...server, control };
}

test('requests sign people up, plan runs, add rows and read them', async () => {
  const { address, control } = await openControl();
  const { status, body: person } = await control('POST /people', { login: 'ada' });
  expect([status, person]).toMatchObject([201, { login: 'ada', password: 'Passw0rd-1' }]);
  expect((await control('POST /people', { login: 'ada' })).body.userId).toBe(person.userId);
  const client = createClient({ baseUrl: address, accessToken: person.accessToken, retryDelayMs: 1 });
  const steps = [
    ...[{ think: 'Hm.' }, { tool: 'web_search', arguments: { query: 'tides' }, result: { results: [] } }, { pause: 1 }],
    ...[{ ask: 'Which port?' }, { spend: { input_tokens: 8_000, output_tokens: 1 } }, { say: 'High at noon.' }],
    { type: 'message.delta', data: { content: ' Bye.', content_delta: ' Bye.', role: 'assistant' } },
  ];
  expect((await control('POST /plan', [steps, [{ fail: 'provider.upstream_error', message: 'Down.' }]])).status).toBe(204);
  const { id: thread_id } = await client.threads.create({ body: { title: 'T' } });
  const talk = async () => {
    await client.messages.create({ params: { thread_id }, body: { content: 'Hi' } });
    const { run_id } = await client.runs.create({ params: { thread_id } });
    const events: RunEvent[] = [];
    for await (const event of client.runs.stream(run_id)) {
      events.push(event);
      if (event.type === 'run.waiting_for_input') await client.runs.input({ params: { run_id }, body: { content: 'Brest' } });
    }
    return events;
  };
  const events = await talk();
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['tool.result', 'run.waiting_for_input', 'run.completed']));
  expect((await client.messages.list({ params: { thread_id } })).at(-1)!.content).toBe('High at noon. Bye.');
  expect((await client.credits.mine()).balance).toBe(991);
  expect((await talk()).at(-1)).toMatchObject({ type: 'run.failed', data: { error_class: 'provider.upstream_error', message: 'Down.' } });

  const row = await control('POST /rows', { list: '/v1/notifications', login: 'ada', fields: { title: 'Hello' } });
  expect([row.status, row.body]).toMatchObject([201, { title: 'Hello', user_id: person.userId }]);
  expect((await client.notifications.list()).data).toMatchObject([{ title: 'Hello' }]);
  expect((await control('GET /rows?list=/v1/threads')).body).toMatchObject([{ id: thread_id, title: 'T' }]);
});

test('requests inject faults and reset the mock', async () => {
  const { address, control } = await openControl();
  const { body: person } = await control('POST /people', {});
  const client = createClient({ baseUrl: address, accessToken: person.accessToken, retryDelayMs: 1 });
  const once = { maxRetries: 0 };
  const statusOf = (call: Promise<unknown>) =>
    call.then(
      () => 200,
      ({ status }: { status: number }) => status,
    );
  await control('POST /faults', { next: { operation: 'me.get', status: 429, reason: 'overloaded', retryAfter: 0, times: 2 } });
  expect([
    await statusOf(client.me.get({}, once)),
    await statusOf(client.me.get({}, once)),
    await statusOf(client.me.get({}, once)),
  ]).toEqual([429, 429, 200]);
  await control('POST /faults', { rate: { share: 1, status: 503 }, slow: 1 });
  expect(await statusOf(client.me.get({}, once))).toBe(503);
  expect((await control('DELETE /faults')).status).toBe(204);
  expect(await statusOf(client.me.get({}, once))).toBe(200);
  await control('POST /faults', { next: { status: 'lost' } });
  await expect(client.me.get({}, once)).rejects.toBeInstanceOf(ConnectionError);
  await control('POST /faults', { cutStream: { afterEvents: 1, times: 2 } });
  const { id: thread_id } = await client.threads.create();
  await client.messages.create({ params: { thread_id }, body: { content: 'one two' } });
  const { run_id } = await client.runs.create({ params: { thread_id } });
  const seqs: number[] = [];
  for await (const { seq } of client.runs.stream(run_id)) seqs.push(seq);
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));

  expect((await control('POST /reset')).status).toBe(204);
  expect(await statusOf(client.me.get({}, once))).toBe(401);
  const demo = createClient({ baseUrl: address });
  await demo.auth.login({ body: { login: 'demo', password: 'Passw0rd-1' } });
  expect((await control('GET /rows?list=/v1/threads')).body).toEqual([]);
});

test('the requests of the guide work', async ({ skip }) => {
  const missing = missingPrograms('bash', 'curl');
  skip(missing !== undefined, missing);
  const { address } = await openControl();
  const guide = await readFile(new URL('../../../docs/guides/testing-with-mocks.md', import.meta.url), 'utf8');
  const commands = /```sh [^\n]*\n(mock=.*?)```/s.exec(guide)![1]!;
  const script = commands.replace(/mock=\S+/, `mock=${address}/__mock`).replaceAll('curl -s', 'curl -sS --fail');
  const { stdout } = await promisify(execFile)('bash', ['-euc', script], { env: { PATH: machinePath() } });
  expect(stdout).toMatch(/^\{"userId":.*\}\[\]$/);
});

test('control requests with an error are answered with what is wrong, and those of other pages are refused', async () => {
  const { address, control } = await openControl();
  const answers = [
    await control('POST /plan', [[{ sing: 'Hello' }]]),
    await control('POST /plan', [[{ type: 'message.delta', data: {} }]]),
    await control('POST /faults', { next: { status: 418 } }),
    await control('GET /rows?list=/v1/nothing'),
    await control('POST /rows', { list: '/v1/nothing', login: 'demo' }),
    await control('POST /nothing', {}),
    await control('POST /reset', undefined, { origin: 'https://example.test' }),
    await control('POST /reset', undefined, { origin: 'null' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 404, 403, 403]);
  expect(answers[3]!.body.message).toBe('There is no list at /v1/nothing.');
  expect((await control('POST /reset', undefined, { origin: 'http://localhost:5173' })).status).toBe(204);
  const { get } = await import('node:http');
  const renamed = await new Promise<number | undefined>((resolve) =>
    get(`${address}/__mock/rows?list=/v1/users`, { headers: { host: 'example.test' } }, (answer) => resolve(answer.resume().statusCode)),
  );
  expect(renamed).toBe(403);
  expect(usage).toContain((await control('GET ')).text);
});
