import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { type RequestHandler, sendError, sendJson, startLocalServer, tokenResponse } from './localServer.ts';

const main = fileURLToPath(new URL('../../client/chat/main.ts', import.meta.url));
const id = '0198c0de-0000-7000-8000-000000000000';

type Data = Record<string, unknown>;
const block = (seq: number, type: string, data: Data) => `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ seq, type, data })}\n\n`;
const story = (...steps: [type: string, data?: Data][]) => steps.map(([type, data = {}], i) => block(i + 1, type, data)).join('');
const delta = (content: string, more: Data = {}): [string, Data] => ['message.delta', { content, ...more }];

/** A server that streams `events` for every run and keeps its users in memory. */
function chatServer(events: (res: ServerResponse) => void, overrides: Partial<Record<string, RequestHandler>> = {}) {
  const users = new Map<string, string>();
  return startLocalServer((seen, res, count) => {
    const override = overrides[`${seen.method} ${seen.url}`];
    if (override) return override(seen, res, count);
    const { login, password } = JSON.parse(seen.body || '{}') as { login?: string; password?: string };
    if (seen.url.endsWith('/register')) {
      users.set(login!, password!);
      return sendJson(res, 201, { user_id: id, warning: null, ...tokenResponse('t1') });
    }
    if (seen.url.endsWith('/login'))
      return users.get(login!) === password
        ? sendJson(res, 200, tokenResponse('t1'))
        : sendError(res, 401, 'auth.unauthorized', 'invalid_credentials');
    if (!seen.url.endsWith('/events')) return sendJson(res, 201, { id, run_id: id, ok: true });
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    events(res);
  });
}

async function dataDir() {
  const dir = await mkdtemp(join(tmpdir(), 'chat-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

/** Runs the chat to its end, with `input` on stdin. */
function chat(
  args: string[],
  dir: string,
  {
    input,
    onOutput,
    replies = {},
  }: { input?: string; onOutput?: (text: string, interrupt: () => void) => void; replies?: Record<string, string[]> } = {},
) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, ARKLOOP_DATA_DIR: dir, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
    onOutput?.(said.out, () => child.kill('SIGINT'));
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
    for (const [question, lines] of Object.entries(replies)) if (String(chunk).endsWith(question)) child.stdin.write(`${lines.shift()}\n`);
  });
  if (Object.keys(replies).length === 0) child.stdin.end(input);
  return new Promise<{ out: string; err: string; code: number | null }>((resolve) =>
    child.on('close', (code) => resolve({ ...said, code })),
  );
}

test('one question: registers a user once, prints the answer, and warns about the stub model', async () => {
  const answer = story(
    ['run.started'],
    ['run.route.selected', { provider_kind: 'stub' }],
    delta('hm', { channel: 'thinking' }),
    delta('Hello '),
    delta('there'),
    ['run.completed'],
  );
  const { baseUrl, requests } = await chatServer((res) => void res.end(answer));
  const dir = await dataDir();
  const first = await chat(['--api', baseUrl, 'how', 'are you?'], dir);
  expect(first).toMatchObject({ code: 0, out: 'Hello there\n' });
  expect(first.err.trim().split('\n')).toEqual([expect.stringMatching(/stub model.*\/v1\/llm-providers/)]);
  expect(requests.find(({ url }) => url.endsWith('/messages'))?.body).toBe('{"content":"how are you?"}');
  const file = join(dir, 'chat.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(file, 'utf8'))).toHaveProperty([baseUrl, 'login'], expect.stringMatching(/^chat-[0-9a-f]{12}$/));

  expect(await chat(['--api', baseUrl, '--thread', 'mine', 'again'], dir)).toMatchObject({ code: 0 });
  expect(requests.filter(({ url }) => url.endsWith('/register'))).toHaveLength(1);
  expect(requests.at(-3)!.url).toBe('/v1/threads/mine/messages');
});

test('--json prints one event per line, and a failed run exits with 1', async () => {
  const answer = story(['run.started'], ['run.failed', { message: 'No.', error_class: 'provider.retryable' }]);
  const { baseUrl } = await chatServer((res) => void res.end(answer));
  const dir = await dataDir();
  const { out, code } = await chat(['--api', baseUrl, '--json', 'x'], dir);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type),
  ).toEqual(['run.started', 'run.failed']);
  expect(code).toBe(1);
  const plain = await chat(['--api', baseUrl, 'x'], dir);
  expect(plain).toMatchObject({ code: 1, out: '', err: 'The run failed: No. (provider.retryable)\n' });
});

test('controls of the terminal and of the direction of text are not printed, and --json escapes them', async () => {
  const hostile = 'a\u001b]52;c;cm0gLXJm\u0007b\u001b]0;title\u0007\u001b[2J\u009b2J\u202ec\r\td\n';
  const answer = story(['tool.call', { tool_name: 'x\u001b[2J' }], delta(hostile), [
    'run.failed',
    { message: '\u001bc', error_class: 'e' },
  ]);
  const { baseUrl } = await chatServer((res) => void res.end(answer));
  const dir = await dataDir();
  const { out, err } = await chat(['--api', baseUrl, 'x'], dir);
  expect(out).toBe('a]52;c;cm0gLXJmb]0;title[2J2Jc\td\n');
  expect(err).toBe('(x[2J…)\nThe run failed: c (e)\n');
  const json = (await chat(['--api', baseUrl, '--json', 'x'], dir)).out;
  expect(json).not.toMatch(/[\u007f-\u009f\u202e]|(?!\n)\p{Cc}/u);
  expect(JSON.parse(json.split('\n')[1]!).data.content).toBe(hostile);
});

test('after a retry the discarded text is marked and the new text begins on a new line', async () => {
  const answer = story(delta('Hal'), ['run.llm.retry', { discard_from_seq: 1 }], delta('Hello'), ['run.completed']);
  const { baseUrl } = await chatServer((res) => void res.end(answer));
  expect(await chat(['--api', baseUrl, 'x'], await dataDir())).toMatchObject({ code: 0, out: 'Hal\nHello\n', err: '(retrying…)\n' });
});

test('piped lines are sent one after the other', async () => {
  const { baseUrl, requests } = await chatServer((res) => void res.end(story(delta('yes'), ['run.completed'])));
  const { out, code } = await chat(['--api', baseUrl], await dataDir(), { input: 'one\n\ntwo\n' });
  expect({ out, code }).toEqual({ out: 'yes\nyes\n', code: 0 });
  expect(requests.filter(({ url }) => url === '/v1/threads')).toHaveLength(1);
});

test('Ctrl-C cancels the run and prints the cancellation', async () => {
  let stream: ServerResponse | undefined;
  const cancel: RequestHandler = (_, res) => {
    sendJson(res, 200, { ok: true });
    stream!.end(block(2, 'run.cancelled', { reason: 'cancel_signal' }));
  };
  const { baseUrl } = await chatServer(
    (res) => {
      stream = res;
      res.write(story(delta('a long')));
    },
    { [`POST /v1/runs/${id}:cancel`]: cancel },
  );
  const onOutput = (_: string, interrupt: () => void) => interrupt();
  expect(await chat(['--api', baseUrl, 'x'], await dataDir(), { onOutput: once(onOutput) })).toMatchObject({
    code: 1,
    err: '(cancelled)\n',
  });
});

test('a lost user is registered again, and an unreachable server is a one-line error', async () => {
  const dir = await dataDir();
  const answer = story(delta('yes'), ['run.completed']);
  const emptied: RequestHandler = (_, res) => sendError(res, 401, 'auth.unauthorized', 'invalid_credentials');
  const again = await chatServer((res) => void res.end(answer), { 'POST /v1/auth/login': emptied });
  expect(await chat(['--api', again.baseUrl, 'x'], dir)).toMatchObject({ code: 0, out: 'yes\n' });
  expect(await chat(['--api', again.baseUrl, 'x'], dir)).toMatchObject({ code: 0, out: 'yes\n' });
  expect(again.requests.filter(({ url }) => url.endsWith('/register'))).toHaveLength(2);

  const nobody = await chat(['--api', 'http://127.0.0.1:1', 'x'], dir);
  expect(nobody).toMatchObject({ code: 1, out: '' });
  expect(nobody.err.trim().split('\n')).toEqual([expect.stringContaining('http://127.0.0.1:1 does not answer')]);
});

test('a user with a second factor is asked for the code, again after a wrong one, and not in a pipe', async () => {
  const challenge: RequestHandler = (_, res) =>
    sendJson(res, 401, {
      error: 'auth.unauthorized',
      message: 'Enter the code.',
      trace_id: 'a'.repeat(32),
      details: { reason: 'second_factor_required', challenge_token: 'challenge', expires_in: 600 },
    });
  const verify: RequestHandler = ({ body }, res) =>
    JSON.parse(body).code === '123 456'
      ? sendJson(res, 200, tokenResponse('t2'))
      : sendError(res, 401, 'auth.unauthorized', 'second_factor_invalid');
  const overrides = { 'POST /v1/auth/login': challenge, 'POST /v1/auth/second-factor/verify': verify };
  const { baseUrl, requests } = await chatServer((res) => void res.end(story(delta('yes'), ['run.completed'])), overrides);
  const dir = await dataDir();
  const replies = () => ({ 'Login: ': ['ada'], 'Password: ': ['secret'], 'app: ': ['000000'], 'Code: ': ['123 456'] });
  expect(await chat(['--api', baseUrl, '--login', 'x'], dir, { replies: replies() })).toMatchObject({ code: 0, out: 'yes\n' });
  const codes = requests.filter(({ url }) => url.endsWith('/verify')).map(({ body }) => JSON.parse(body));
  expect(codes).toEqual(['000000', '123 456'].map((code) => ({ challenge_token: 'challenge', code })));
  expect(requests.at(-1)!.headers.authorization).toBe('Bearer t2');

  // The remembered user: the code is not stored, and piped lines are questions.
  const piped = await chat(['--api', baseUrl], dir, { input: '123 456\n' });
  expect(piped).toMatchObject({ code: 1, out: '', err: expect.stringContaining('This user has a second factor') });
  const wrong = { ...replies(), 'Code: ': ['1', '2', '3', '4'] };
  const refused = await chat(['--api', baseUrl, '--login', 'x'], dir, { replies: wrong });
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('second_factor_invalid') });
});

test.each([
  ['--nope', 'Unknown option'],
  ['--api=nonsense', 'wants an address'],
])('%s is a one-line error', async (arg, words) => {
  const { code, err } = await chat([arg], await dataDir());
  expect({ code, lines: err.trim().split('\n') }).toEqual({ code: 1, lines: [expect.stringContaining(words)] });
});

function once<Args extends unknown[]>(act: (...args: Args) => void) {
  let done = false;
  return (...args: Args) => {
    if (!done) act(...args);
    done = true;
  };
}
