import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { banner } from '../../../../server/processes/banner.ts';
import { newTeardown } from '../../../../server/processes/shutdown.ts';
import { fatalErrorMessage } from '../../../../server/processes/startupErrors.ts';
import { freshDatabase } from '../../../support/app/testApp.ts';

const entry = fileURLToPath(new URL('../../../../server/main.ts', import.meta.url));

function arkloop(role: string, env: NodeJS.ProcessEnv) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ARKLOOP_|PORT$|DATABASE_URL$)/.test(name)));
  return spawn(process.execPath, [entry, role], { env: { ...clean, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Returns the first group of `pattern` as soon as the output of a process matches. Throws if the process ends before that. */
async function printed(child: ReturnType<typeof arkloop>, pattern: RegExp): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    const [, found] = pattern.exec(output) ?? [];
    if (found) return found;
  }
  throw new Error(`it ended: ${output}`);
}

async function failure(role: string, env: NodeJS.ProcessEnv) {
  const child = arkloop(role, env);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { stderr, code };
}

async function occupiedPort() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, free: () => server.close() };
}

test.each([
  [
    'an unknown role',
    'everything',
    {},
    'expected one role: all, api, worker, gateway, migrate, rotate, rotate-erasure-key; or backup or restore with a folder',
  ],
  [
    'an invalid variable',
    'gateway',
    { ARKLOOP_GATEWAY_ADDR: 'x' },
    'ARKLOOP_GATEWAY_ADDR: expected host:port, with a port from 0 to 65535',
  ],
  [
    'a missing certificate',
    'gateway',
    { ARKLOOP_GATEWAY_TLS_CERT_FILE: '/nowhere/cert.pem', ARKLOOP_GATEWAY_TLS_KEY_FILE: '/nowhere/key.pem' },
    'ARKLOOP_GATEWAY_TLS_CERT_FILE: cannot read /nowhere/cert.pem (ENOENT)',
  ],
  [
    'a missing list of upstreams',
    'gateway',
    { ARKLOOP_GATEWAY_UPSTREAMS_FILE: '/nowhere/upstreams' },
    'ARKLOOP_GATEWAY_UPSTREAMS_FILE: cannot read /nowhere/upstreams (ENOENT)',
  ],
  [
    'an unreachable database',
    'migrate',
    { ARKLOOP_DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/data' },
    'ARKLOOP_DATABASE_URL: cannot use 127.0.0.1:1/data: the connection is refused',
  ],
  [
    'a data folder that is a file',
    'migrate',
    { ARKLOOP_DATA_DIR: entry },
    `ARKLOOP_DATA_DIR: cannot write to ${entry}: it, or a part of its path, is not a folder`,
  ],
])('%s ends the process with one line and status 1', async (_, role, env, line) => {
  expect(await failure(role, env)).toEqual({ stderr: `arkloop: ${line}\n`, code: 1 });
});

test('an address in use is reported with its variable', async () => {
  const { port, free } = await occupiedPort();
  const { stderr, code } = await failure('gateway', { ARKLOOP_GATEWAY_ADDR: `127.0.0.1:${port}` });
  free();
  expect({ stderr, code }).toEqual({ stderr: `arkloop: ARKLOOP_GATEWAY_ADDR: 127.0.0.1:${port} is already in use\n`, code: 1 });
});

test('a gateway prints its address, warns about a misspelled variable, and exits with status 0 on one or two SIGTERM', async () => {
  const env = {
    ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0',
    ARKLOOP_GATEWAY_UPSTRAEM: 'http://127.0.0.1:1',
    ARKLOOP_DATA_DIR: join(tmpdir(), 'arkloop-unused'),
  };
  const child = arkloop('gateway', env);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  for (const until = Date.now() + 60_000; !/Gateway: +http/.test(output) && Date.now() < until;) await sleep(20);
  const address = /Gateway: +(\S+)/.exec(output)?.[1];
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  expect((await exit)[0]).toBe(0);
  expect(output).toContain('did you mean ARKLOOP_GATEWAY_UPSTREAM?');
});

test('in role all the gateway also serves the pages, which can refresh their session through it', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'arkloop-all-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const child = arkloop('all', {
    ARKLOOP_DATABASE_URL: await freshDatabase(),
    ARKLOOP_API_ADDR: '127.0.0.1:0',
    ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0',
    ARKLOOP_DATA_DIR: dataDir,
  });
  const exit = once(child, 'exit');
  const address = await printed(child, /Gateway: +(\S+)/);
  const page = await fetch(`${address}/verify`, { headers: { accept: 'text/html' } });
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const refresh = (origin: string) => fetch(`${address}/v1/auth/refresh`, { method: 'POST', headers: { origin } });
  expect((await refresh(address)).status).toBe(401);
  expect((await refresh('http://elsewhere.example')).status).toBe(403);
  child.kill('SIGTERM');
  expect((await exit)[0]).toBe(0);
});

test('an unexpected error is reported with its stack', () => {
  expect(fatalErrorMessage(new TypeError('boom'))).toMatch(/^arkloop: stopped by an unexpected error: TypeError: boom\n +at /);
});

test('a database that cuts a connection during the start is reported in one line', () => {
  const cut = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
  const line = 'arkloop: ARKLOOP_DATABASE_URL: the database took no connection in time, or cut it';
  expect(fatalErrorMessage(cut)).toBe(`${line}: read ECONNRESET`);
  // The driver's own words say no more.
  expect(fatalErrorMessage(new Error('Connection terminated unexpectedly'))).toBe(line);
});

test('the banner shows the setup call only while one is possible', () => {
  const facts = {
    role: 'all',
    baseUrl: 'http://localhost:19000',
    api: 'http://127.0.0.1:19001',
    gateway: 'http://127.0.0.1:19000',
    place: '/data',
  };
  expect(banner(facts)).not.toContain('Setup');
  expect(banner({ ...facts, setupToken: 'abc' })).toContain('curl -X POST http://localhost:19000/v1/bootstrap/setup');
  expect(banner(facts)).toContain('http://localhost:19000/docs');
  const withPlayground = banner({ ...facts, hasPlayground: true, setupToken: 'abc' });
  expect(withPlayground).toContain('Setup:   http://localhost:19000/setup#abc ');
  expect(withPlayground).toContain('or curl -X POST http://localhost:19000/v1/bootstrap/setup');
});

test('layers stop from the top, a layer that fails or hangs does not block the others, and a second call has no effect', async () => {
  const ended: string[] = [];
  const teardown = newTeardown(50);
  teardown.add(0, 'store', async () => ended.push('store'));
  teardown.add(2, 'slow', () => sleep(20).then(() => ended.push('slow')));
  teardown.add(2, 'broken', () => Promise.reject(new Error('broken')));
  teardown.add(1, 'hanging', () => new Promise(() => undefined));
  await Promise.all([teardown.run(undefined), teardown.run(undefined)]);
  expect(ended).toEqual(['slow', 'store']);
});
