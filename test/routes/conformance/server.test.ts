import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { chooseOperations, type KitOptions, readOptions } from '../../../client/conformance/options.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { run } from '../../support/checks/thirdParty.ts';
import { everythingListed } from '../../support/http/everythingListed.ts';
import { type Flaw as ProxyFlaw, startFlawedProxy } from '../../support/http/flawedProxy.ts';
import { operations } from '../../support/http/operations.ts';
import { runKitHere } from './kit.ts';

const app = await startTestApp();
const admin = await app.signUp();
await app.promote(admin);
const folder = mkdtempSync(join(tmpdir(), 'arkloop-conformance-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const main = fileURLToPath(new URL('../../../client/conformance/bin.ts', import.meta.url));
const examine = (url: string, ...more: string[]) => runKitHere(['--url', url, ...more]);

test('the check passes for an administrator, leaves nothing behind and covers over 70 % of the documented statuses', async () => {
  const file = join(folder, 'coverage.json');
  const before = await everythingListed(app.call, admin.token);
  // As a program, as users run it. The other tests of this file run the kit in this process.
  const args = ['--url', app.url, '--headers', '--report', file, '--login', admin.login, '--password', admin.password];
  const { code, stdout, stderr } = await run(process.execPath, [main, ...args], { cwd: folder, ms: 280_000 });
  expect(await everythingListed(app.call, admin.token)).toEqual(before);
  expect([stdout.split('\n').filter((line) => /^(✗|FAIL)/.test(line)), stderr, code]).toEqual([[], '', 0]);
  const { operations: covered } = JSON.parse(readFileSync(file, 'utf8'));
  expect(covered.map(({ id }: { id: string }) => id)).toEqual(operations.map(({ id }) => id));
  // A caller cannot cause faults.
  const pairs = covered.flatMap(({ documented, seen }: { documented: number[]; seen: number[] }) =>
    documented.filter((status) => ![500, 503].includes(status)).map((status) => seen.includes(status)),
  );
  expect(pairs.filter(Boolean).length / pairs.length).toBeGreaterThan(0.7);
});

type Flaw = NonNullable<ProxyFlaw['reply']>;

async function startProxy(reply: Flaw): Promise<string> {
  const { url, close } = await startFlawedProxy(app.url, { reply });
  onTestFinished(close);
  return url;
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const oneThread = /^\/v1\/threads\/[0-9a-f-]{36}$/;

const flaws: [name: string, flaw: Flaw, said: RegExp][] = [
  [
    'another status',
    ({ status }, { method, path }) => (method === 'POST' && path === '/v1/threads' && status === 201 ? { status: 200 } : undefined),
    /threads\.create: status 200 is not declared/,
  ],
  [
    'a missing field',
    ({ status, text }, { method, path }) => {
      const { updated_at: _, ...rest } = status === 200 && method === 'GET' && oneThread.test(path) ? json(text) : {};
      return Object.keys(rest).length > 0 ? { text: JSON.stringify(rest) } : undefined;
    },
    /threads\.get: body \/updated_at/,
  ],
  [
    'an undeclared field',
    ({ status, text }, { method, path }) =>
      status === 200 && method === 'PATCH' && oneThread.test(path) ? { text: JSON.stringify({ ...json(text), color: 'red' }) } : undefined,
    /threads\.update: the body holds what is not declared: \/color/,
  ],
  [
    'another content type',
    ({ status, headers }, { method, path }) => {
      if (status === 200 && method === 'GET' && path === '/v1/threads/search') headers.set('content-type', 'text/html');
      return undefined;
    },
    /threads\.search: Content-Type is text\/html/,
  ],
  [
    'another error format',
    ({ status, text }) => (status === 404 ? { text: JSON.stringify({ error: { code: json(text).error } }) } : undefined),
    /^✗ threads\.create, .* and \d+ more: body \/error.*\[error\.body\]$/m,
  ],
  [
    'no trace id',
    ({ headers }, { path }) => {
      if (/[:/]fork$/.test(path)) headers.delete('x-trace-id');
      return undefined;
    },
    /threads\.fork: X-Trace-Id/,
  ],
  [
    'missing authentication',
    ({ status }, { method, path }) =>
      status === 401 && method === 'GET' && path === '/v1/threads' ? { status: 200, text: '[]' } : undefined,
    /threads\.list: expected 401 missing_token \[request\.authentication\]\n {4}GET \/v1\/threads → 200/,
  ],
];

test('reports every flaw of a server that has several, and checks what follows a lost connection', async () => {
  const all: Flaw = (reply, request) => {
    if (request.path === '/v1/threads/starred') return 'lost';
    for (const [, flaw] of flaws) Object.assign(reply, flaw(reply, request));
    return reply;
  };
  const only = ['create', 'list', 'search', 'starred', 'get', 'update', 'fork'].map((verb) => `threads.${verb}`);
  const { code, stdout, stderr } = await examine(await startProxy(all), '--only', only.join());
  expect([code, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(/threads\.starred: could not be examined to the end/);
  for (const [name, , said] of flaws) expect([name, stdout]).toEqual([name, expect.stringMatching(said)]);
});

test('an error that prevents the check is one line', async () => {
  const elsewhere = createServer((_req, res) => void res.end('<html>'));
  await new Promise<void>((listening) => elsewhere.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void elsewhere.close());
  const other = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const ofArguments: [args: string[], said: RegExp][] = [
    [['--url', 'nonsense'], /^--url wants an address/],
    [['--url', app.url, '--login', 'nobody'], /^--login wants --password/],
    [['--url', app.url, '--only', 'nowhere'], /^there is no operation nowhere\. See --list\.$/],
    [['--url', app.url, '--only', 'threads.*', '--only', 'threads.nothing'], /^there is no operation threads\.nothing\. See --list\.$/],
    [['--url', app.url, '--heartbeat', 'often'], /^--heartbeat wants a number of seconds, not "often"\.$/],
    [['--nonsense'], /^Unknown option '--nonsense'/],
  ];
  for (const [args, said] of ofArguments)
    expect(() => chooseOperations((readOptions(args, {}) as KitOptions).only)).toThrow(
      expect.objectContaining({ name: 'KitError', message: expect.stringMatching(said) }),
    );
  const ofServers: [args: string[], said: RegExp][] = [
    [['--url', 'http://127.0.0.1:9'], /^http:\/\/127\.0\.0\.1:9 does not answer: .+$/],
    [['--url', other], /does not serve this API: GET \/v1\/auth\/registration-mode was answered 200/],
    [['--url', app.url, '--login', 'nobody', '--password', 'wrong'], /^the sign-in was refused: 401 invalid_credentials$/],
    [['--url', app.url, '--token', 'nonsense'], /^GET \/v1\/me with the token was refused: 401 invalid_token$/],
  ];
  for (const [args, said] of ofServers) {
    const { code, stdout, stderr } = await runKitHere(args);
    expect([code, stdout, stderr.trim()]).toEqual([2, '', expect.stringMatching(said)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
});

test('the stream of a silent run passes with its heartbeats', async () => {
  const silent = await startTestApp({
    ARKLOOP_SSE_HEARTBEAT_SECONDS: '0.3',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.7',
    ARKLOOP_STUB_AGENT_DELTA_COUNT: '2',
  });
  const { code, stdout, stderr } = await examine(silent.url, '--only', 'runs.events', '--heartbeat', '0.3', '--idle-message', 'Hello');
  expect([stdout, stderr, code]).toEqual([expect.stringMatching(/^ok {3}runs\.events .*·503\n[^]* no findings, /), '', 0]);
});
