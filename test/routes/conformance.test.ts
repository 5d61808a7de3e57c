import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { listener } from '../support/app/listener.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { run } from '../support/checks/thirdParty.ts';
import { operations } from '../support/http/operations.ts';

const app = await startTestApp();
const admin = await app.signUp();
await app.promote(admin);
const folder = mkdtempSync(join(tmpdir(), 'arkloop-conformance-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const main = new URL('../../client/conformance/main.ts', import.meta.url).pathname;
const examine = (url: string, ...more: string[]) => run(process.execPath, [main, '--url', url, ...more], { cwd: folder, ms: 120_000 });

test('the check passes for an administrator and covers over 70 % of the documented statuses', { timeout: 150_000 }, async () => {
  const file = join(folder, 'coverage.json');
  const { code, stdout, stderr } = await examine(
    app.url,
    '--headers',
    '--report',
    file,
    '--login',
    admin.login,
    '--password',
    admin.password,
  );
  expect([stdout.split('\n').filter((line) => /^(✗|FAIL)/.test(line)), stderr, code]).toEqual([[], '', 0]);
  const { operations: covered } = JSON.parse(readFileSync(file, 'utf8'));
  expect(covered.map(({ id }: { id: string }) => id)).toEqual(operations.map(({ id }) => id));
  // A caller cannot cause faults.
  const pairs = covered.flatMap(({ documented, seen }: { documented: number[]; seen: number[] }) =>
    documented.filter((status) => ![500, 503].includes(status)).map((status) => seen.includes(status)),
  );
  expect(pairs.filter(Boolean).length / pairs.length).toBeGreaterThan(0.7);
});

type Reply = { status: number; headers: Headers; text: string };
type Flaw = (reply: Reply, method: string, path: string) => Partial<Reply> | 'lost' | undefined;

/** Starts a proxy in front of the server that modifies responses with `flaw`. */
async function startFlawedProxy(flaw: Flaw): Promise<string> {
  const server = createServer(
    listener(async (req, res) => {
      const chunks: Buffer[] = [];
      // The check announces a large body without sending it. Reject it as the server does.
      if (Number(req.headers['content-length'] ?? 0) <= 2 ** 20) for await (const chunk of req) chunks.push(chunk);
      else return void res.writeHead(413, { connection: 'close' }).end();
      const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = req.headers;
      const hasBody = chunks.length > 0;
      const got = await fetch(app.url + req.url, {
        method: req.method!,
        headers: headers as Record<string, string>,
        ...(hasBody && { body: Buffer.concat(chunks) }),
      });
      const reply = { status: got.status, headers: new Headers(got.headers), text: await got.text() };
      const spoilt = flaw(reply, req.method!, req.url!.split('?')[0]!);
      if (spoilt === 'lost') return void res.destroy();
      const changed = { ...reply, ...spoilt };
      for (const name of ['content-length', 'transfer-encoding', 'connection', 'keep-alive']) changed.headers.delete(name);
      res.writeHead(changed.status, [...changed.headers].flat()).end(changed.text);
    }),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const oneThread = /^\/v1\/threads\/[0-9a-f-]{36}$/;

const flaws: [name: string, flaw: Flaw, said: RegExp][] = [
  [
    'another status',
    ({ status }, method, path) => (method === 'POST' && path === '/v1/threads' && status === 201 ? { status: 200 } : undefined),
    /threads\.create: status 200 is not declared/,
  ],
  [
    'a missing field',
    ({ status, text }, method, path) => {
      const { updated_at: _, ...rest } = status === 200 && method === 'GET' && oneThread.test(path) ? json(text) : {};
      return Object.keys(rest).length > 0 ? { text: JSON.stringify(rest) } : undefined;
    },
    /threads\.get: body \/updated_at/,
  ],
  [
    'an undeclared field',
    ({ status, text }, method, path) =>
      status === 200 && method === 'PATCH' && oneThread.test(path) ? { text: JSON.stringify({ ...json(text), color: 'red' }) } : undefined,
    /threads\.update: the body holds what is not declared: \/color/,
  ],
  [
    'another content type',
    ({ status, headers }, method, path) => {
      if (status === 200 && method === 'GET' && path === '/v1/threads/search') headers.set('content-type', 'text/html');
      return undefined;
    },
    /threads\.search: Content-Type is text\/html/,
  ],
  [
    'another error format',
    ({ status, text }) => (status === 404 ? { text: JSON.stringify({ error: { code: json(text).error } }) } : undefined),
    /threads\.get: body \/error/,
  ],
  [
    'no trace id',
    ({ headers }, _method, path) => {
      if (path === '/v1/threads/starred') headers.delete('x-trace-id');
      return undefined;
    },
    /threads\.starred: X-Trace-Id/,
  ],
  [
    'missing authentication',
    ({ status }, method, path) => (status === 401 && method === 'GET' && path === '/v1/threads' ? { status: 200, text: '[]' } : undefined),
    /threads\.list: expected 401 missing_token; GET \/v1\/threads → 200/,
  ],
];

test('reports every flaw of a server that has several', { timeout: 120_000 }, async () => {
  const all: Flaw = (reply, method, path) => {
    for (const [, flaw] of flaws) Object.assign(reply, flaw(reply, method, path));
    return reply;
  };
  const { code, stdout } = await examine(await startFlawedProxy(all), '--only', 'threads');
  expect(code).toBe(1);
  for (const [name, , said] of flaws) expect([name, stdout]).toEqual([name, expect.stringMatching(said)]);
});

test('a lost connection is a violation, and the remaining operations are still checked', { timeout: 60_000 }, async () => {
  const fragile: Flaw = (_reply, _method, path) => (path === '/v1/threads/starred' ? 'lost' : undefined);
  const { code, stdout, stderr } = await examine(await startFlawedProxy(fragile), '--only', 'threads');
  expect([code, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(/threads\.starred: could not be examined to the end/);
  expect(stdout).toMatch(/ok {3}threads\.get/);
});

test('an error that prevents the check is one line', async () => {
  const elsewhere = createServer((_req, res) => void res.end('<html>'));
  await new Promise<void>((listening) => elsewhere.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void elsewhere.close());
  const other = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const cases: [args: string[], said: RegExp][] = [
    [['--url', 'http://127.0.0.1:9'], /^http:\/\/127\.0\.0\.1:9 does not answer: .+$/],
    [['--url', other], /does not serve this API: GET \/v1\/auth\/registration-mode was answered 200/],
    [['--url', 'nonsense'], /^--url wants an address/],
    [['--url', app.url, '--login', 'nobody', '--password', 'wrong'], /^the sign-in was refused: 401 invalid_credentials$/],
    [['--url', app.url, '--login', 'nobody'], /^--login wants --password/],
    [['--url', app.url, '--token', 'nonsense'], /^GET \/v1\/me with the token was refused: 401 invalid_token$/],
    [['--url', app.url, '--only', 'nowhere'], /^there is no area nowhere$/],
    [['--nonsense'], /^Unknown option '--nonsense'/],
  ];
  for (const [args, said] of cases) {
    const { code, stdout, stderr } = await run(process.execPath, [main, ...args], { cwd: folder });
    expect([code, stdout, stderr.trim()]).toEqual([2, '', expect.stringMatching(said)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
});
