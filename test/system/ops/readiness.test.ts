import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createReadiness } from '../../../server/platform/readiness.ts';
import { startApi } from '../../../server/processes/api.ts';
import { freePort } from '../../support/app/ports.ts';
import { startProcess } from '../../support/app/process.ts';
import { callTo, freshDatabase, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

/** Polls without pause until `until` returns true. Returns the sequence of statuses and reasons, without repetitions. */
async function follow(url: string, until: () => boolean) {
  const seen: string[] = [];
  while (!until()) {
    const answer = await fetch(url).then(
      async (response) => `${response.status} ${((await response.json()) as { reason?: string }).reason ?? ''}`.trim(),
      () => 'refused',
    );
    if (seen.at(-1) !== answer) seen.push(answer);
  }
  return seen;
}

test('the API is ready only when the administrator from the environment can sign in and the gateway listens', async () => {
  const [api, gateway] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const admin = { ARKLOOP_ADMIN_LOGIN: 'root', ARKLOOP_ADMIN_EMAIL: 'root@example.test', ARKLOOP_ADMIN_PASSWORD: 'Passw0rd-1' };
  const env = { ARKLOOP_API_ADDR: api, ARKLOOP_GATEWAY_ADDR: gateway, ARKLOOP_DATABASE_URL: await freshDatabase(), ...admin };
  const starting = startProcess('all', env);
  let over = false;
  const ready = (async () => {
    while (!over) {
      const answer = await fetch(`http://${api}/readyz`).catch(() => undefined);
      if (answer?.status !== 200) continue;
      const signIn = callTo(`http://${api}`)('POST', '/v1/auth/login', { body: { login: 'root', password: 'Passw0rd-1' } });
      const { status } = await signIn;
      await expect.poll(async () => (await fetch(`http://${gateway}/readyz`)).status).toBe(200);
      return status;
    }
  })();
  await starting.finally(() => {
    over = true;
  });
  expect(await ready).toBe(200);
});

test.each(['api', 'all'] as const)(
  'a process of role %s that shuts down becomes unready first, and serves requests meanwhile',
  async (role) => {
    const env = { ARKLOOP_DATABASE_URL: await freshDatabase(), ARKLOOP_SHUTDOWN_DRAIN_MS: '1500' };
    const running = await startProcess(role, env);
    const gateway = /Gateway: +(\S+)/.exec(running.output())?.[1];
    const urls = gateway ? [running.url, gateway] : [running.url];
    for (const url of urls) await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);
    let over = false;
    running.kill('SIGTERM');
    const following = Promise.all(urls.map((url) => follow(`${url}/readyz`, () => over)));
    const answered = await eventually(
      async () => (await fetch(`${running.url}/readyz`)).status === 503 && Promise.all(urls.map((url) => fetch(`${url}/v1/me`))),
      'unreadiness',
    );
    // No connection is closed while its client sends the next request.
    for (const { status, headers } of answered) expect([status, headers.get('connection')]).toEqual([401, 'close']);
    expect(await running.exited).toEqual({ code: 0, signal: null });
    over = true;
    for (const seen of await following) expect(seen.filter((each) => each !== '200')).toEqual(['503 shutting down', 'refused']);
  },
);

test('in development a process that shuts down closes its port at once', async () => {
  const running = await startProcess('api', { ARKLOOP_DATABASE_URL: await freshDatabase() });
  const { env, shutdownDrainMs } = { env: 'development' as const, shutdownDrainMs: undefined };
  const began = performance.now();
  await createReadiness({ env, shutdownDrainMs, readyMaxLoopDelayMs: 0 }).drain();
  expect(performance.now() - began).toTakeLessThan(1_000);
  running.kill('SIGINT');
  expect(await running.exited).toEqual({ code: 0, signal: null });
});

test('a blocked event loop makes the API temporarily unready', async () => {
  const app = await startTestApp({}, { worker: false });
  const config = { ...app.config, readyMaxLoopDelayMs: 1_000 };
  const readiness = createReadiness(config);
  readiness.started();
  onTestFinished(readiness.close);
  const { database, databaseUrl } = app;
  const api = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }), readiness });
  onTestFinished(api.shutDown);
  const ready = async () => {
    const answer = await fetch(`${api.address}/readyz`);
    return [answer.status, ((await answer.json()) as { reason?: string }).reason];
  };
  const isReady = async () => (await ready())[0] === 200;
  await eventually(isReady, 'readiness');
  const blockedUntil = performance.now() + 1_500;
  while (performance.now() < blockedUntil);
  await eventually(async () => (await ready())[1] === 'event loop delayed', 'unreadiness');
  expect((await fetch(`${api.address}/healthz`)).status).toBe(200);
  await eventually(isReady, 'readiness again');
});

const run = promisify(execFile);

/** Names of the partitions that contain access log lines. */
const places = `select distinct tableoid::regclass::text as name from access_log`;

test.each([
  ['after the database was migrated', 'migrate', /^access_log_\d{4}_\d{2}_\d{2}$/],
  ['on a database without partitions', undefined, /^access_log_default$/],
] as const)('a gateway that starts before the worker %s requires no repair', async (_, first, place) => {
  const app = await startTestApp({}, { worker: false });
  const env = { ARKLOOP_DATABASE_URL: app.databaseUrl };
  if (first) await run(process.execPath, ['server/main.ts', first], { env: { ...process.env, ...env } });
  const gateway = await startProcess('gateway', { ...env, ARKLOOP_GATEWAY_UPSTREAM: app.url });
  await fetch(`${gateway.url}/v1/me`);
  const names = await eventually(async () => {
    const rows = await app.sql(places);
    return rows.length > 0 && rows.map(({ name }) => name);
  }, 'a line of the access log');
  expect(names).toEqual([expect.stringMatching(place)]);
  const worker = await startProcess('worker', env);
  worker.kill('SIGTERM');
  await worker.exited;
  const warnings = (worker.output() + gateway.output()).split('\n').filter((line) => /^\{"level":(40|50|60)/.test(line));
  expect(warnings.filter((line) => !/superuser|ARKLOOP_AUTH_JWT_SECRET/.test(line))).toEqual([]);
});
