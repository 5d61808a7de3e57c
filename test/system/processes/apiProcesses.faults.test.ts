import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDataDir } from '../../support/app/instance.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { startSeveral } from '../../support/cluster/apiProcesses.ts';
import { childrenOf } from '../../support/cluster/processes.ts';
import { openStream } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_COUNT: '20', ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.1' });

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a killed process is replaced while the others serve, and its connections end', async () => {
  const api = await startSeveral(app.databaseUrl);
  const first = api.pids().get(1)!;
  // A stopped process takes no connection that it was given, which shows what happens to those in transit.
  process.kill(first, 'SIGSTOP');
  const open = Array.from({ length: 4 }, () => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.end('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n');
    return new Promise((done) => socket.resume().once('close', done));
  });
  await sleep(200);
  process.kill(first, 'SIGKILL');
  await Promise.all(open);
  const call = callTo(api.url);
  const killedAt = performance.now();
  let served = 0;
  do {
    expect((await call('GET', '/readyz')).status).toBe(200);
    served++;
  } while (api.pids().get(1) === first);
  console.log(`replaced after ${Math.round(performance.now() - killedAt)} ms, ${served} requests meanwhile`);
  for (let n = 0; n < 4; n++) await call('GET', '/healthz', { headers: { connection: 'close' } });
  await expect.poll(async () => (await api.scrape()).sum('arkloop_http_requests_total', { process: '1' })).toBeGreaterThan(0);
  expect(api.output()).toContain('"signal":"SIGKILL","msg":"an API process ended and is replaced"');
});

test('processes that end again and again at their start end the whole with one line', async () => {
  const dataDir = temporaryDataDir();
  const env = { ARKLOOP_DATA_DIR: dataDir, ARKLOOP_AUTH_JWT_SECRET: '', ARKLOOP_LOG_LEVEL: 'error' };
  const database = { ...testKeysEnv, ...env, ARKLOOP_DATABASE_URL: app.databaseUrl, ARKLOOP_API_PROCESSES: '2' };
  const api = await startProcess('api', database);
  const children = childrenOf(api.pid);
  expect(children).toHaveLength(2);
  writeFileSync(join(dataDir, 'jwt-secret'), 'short');
  for (const pid of children) process.kill(pid, 'SIGKILL');
  expect(await api.exited).toEqual({ code: 1, signal: null });
  const printed = api
    .output()
    .split('\n')
    .filter((line) => line.startsWith('arkloop:'));
  expect(printed).toEqual([
    `arkloop: API processes end again and again at their start, the last one by: ARKLOOP_DATA_DIR: ${join(dataDir, 'jwt-secret')} is damaged: expected at least 32 bytes`,
  ]);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends all processes: streams end, requests in progress complete', async (signal) => {
  // More connections than blocked requests, so that the streams can read.
  const api = await startSeveral(app.databaseUrl, { ARKLOOP_API_DB_POOL_MAX_CONNS: '16' });
  const bob = await app.signUp();
  const { token } = bob;
  const runId = await startRun(app, bob, await openThread(app, bob));
  const streams = [await openStream(api.url, runId, { token }), await openStream(api.url, runId, { token })];
  await Promise.all(streams.map((stream) => stream.until(({ type }) => type === 'message.delta')));
  const client = await app.database.pool.connect();
  await client.query('begin; lock table threads in access exclusive mode');
  // Transactions, because short reads would share a connection.
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const waiting = [1, 2, 3, 4].map(() => fetch(`${api.url}/v1/threads`, { method: 'POST', headers, body: '{}' }));
  const blocked = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(async () => (await app.sql(blocked)).length).toBe(waiting.length);
  const pids = [...api.pids().values()];
  // A terminal sends the signal to all processes.
  if (signal === 'SIGINT') for (const pid of pids) process.kill(pid, signal);
  api.kill(signal);
  await Promise.all(streams.map(({ ended }) => ended));
  await client.query('rollback');
  client.release();
  expect(await Promise.all(waiting.map(async (each) => (await each).status))).toEqual([201, 201, 201, 201]);
  expect(await api.exited).toEqual({ code: 0, signal: null });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(
    api
      .output()
      .split('\n')
      .filter((line) => /^\{"level":(40|50|60)/.test(line)),
  ).toEqual([]);
  await expectRunInvariants(app, runId, token);
});

test('without the process that started them, API processes end', async () => {
  const api = await startSeveral(app.databaseUrl);
  const pids = [...api.pids().values()];
  api.kill('SIGKILL');
  await api.exited;
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
});

test('an error at the start is printed once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const env = { ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl, ARKLOOP_API_PROCESSES: '2' };
  const failed = (more: Record<string, string>) =>
    startProcess('api', { ...env, ...more }).then(
      () => undefined,
      (error: Error) => error.message.replace('api ended at once: ', ''),
    );
  expect(await failed({ ARKLOOP_API_ADDR: `127.0.0.1:${port}` })).toBe(`arkloop: ARKLOOP_API_ADDR: 127.0.0.1:${port} is already in use\n`);
  expect(await failed({ ARKLOOP_API_PROCESSES: '3', ARKLOOP_API_MAX_IN_FLIGHT: '2', ARKLOOP_API_DB_POOL_MAX_CONNS: '3' })).toBe(
    'arkloop: ARKLOOP_API_MAX_IN_FLIGHT: must be 0 or at least ARKLOOP_API_PROCESSES\narkloop: ARKLOOP_API_DB_POOL_MAX_CONNS: must be above ARKLOOP_API_PROCESSES\n',
  );
});

test('metrics carry the process, the queue is reported once, and the pools add up to the configured connections', async () => {
  const api = await startSeveral(app.databaseUrl, { ARKLOOP_API_DB_POOL_MAX_CONNS: '5' }, 'all');
  const { token } = await app.signUp();
  const headers = { authorization: `Bearer ${token}`, connection: 'close' };
  let sent = 0;
  const counted = async () => {
    // A process gets connections while it has time, so the first ones may all go to the other. Few enough that none is refused.
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${api.url}/v1/threads`, { headers })));
    sent += 50;
    const { sum } = await api.scrape();
    const [one = 0, two = 0] = ['1', '2'].map((process) => sum('arkloop_http_requests_total', { process, route: '/v1/threads' }));
    return { all: one + two === sent, both: Math.min(one, two) > 20 };
  };
  await expect.poll(counted).toEqual({ all: true, both: true });
  const { samples, sum, text } = await api.scrape();
  expect(samples.filter(({ name }) => name === 'arkloop_runs').every(({ labels }) => labels.process === 'main')).toBe(true);
  expect(samples.filter(({ name }) => name === 'process_resident_memory_bytes').map(({ labels }) => labels.process)).toEqual([
    'main',
    '1',
    '2',
  ]);
  const most = (pool: string) => sum('arkloop_database_connections_max', { pool });
  expect(most('api') + most('all')).toBe(5);
  expect(text.match(/^# TYPE process_cpu_seconds_total /gm)).toHaveLength(1);
  const [{ count }] = await app.sql(
    `select count(*)::int from pg_stat_activity where datname = current_database() and application_name in ('arkloop api', 'arkloop all')`,
  );
  expect(count).toBeLessThanOrEqual(5);
});

test('log lines carry the process, and one process logs and starts as before', async () => {
  const several = await startSeveral(app.databaseUrl, { ARKLOOP_TURNSTILE_SITE_KEY: 'only one of two' });
  const labels = () =>
    [
      ...new Set(
        several
          .output()
          .split('\n')
          .flatMap((line) => /^\{.*"process":("main"|\d)/.exec(line)?.[1] ?? []),
      ),
    ].toSorted();
  await expect.poll(labels).toEqual(['"main"', '1', '2']);
  const single = await startSeveral(app.databaseUrl, { ARKLOOP_API_PROCESSES: '1', ARKLOOP_TURNSTILE_SITE_KEY: 'only one of two' });
  expect(childrenOf(single.pid)).toEqual([]);
  await expect.poll(single.output).toContain('"msg"');
  expect(single.output()).not.toContain('"process"');
});
