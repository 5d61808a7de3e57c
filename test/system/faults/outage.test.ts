import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { failureOf } from '../../../server/http/errors.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { followWithReconnects, registerUser, temporaryDataDir } from '../../support/app/instance.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { startBalancer } from '../../support/cluster/balancer.ts';
import { overTcp } from '../../support/cluster/overTcp.ts';
import { openStream } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const log = pino({ level: 'silent' });

/** Starts a PostgreSQL that can be stopped and restarted at the same address. */
async function stoppable() {
  const dataDir = temporaryDataDir();
  let current = await startEmbeddedPostgres({ dataDir, log });
  const front = await startBalancer(current.url);
  const url = overTcp(current.url);
  url.port = new URL(front.url).port;
  onTestFinished(() => current.stop());
  return {
    url: url.href,
    async stop() {
      front.targets.length = 0;
      await current.stop();
    },
    async start() {
      current = await startEmbeddedPostgres({ dataDir, log });
      front.targets.push(current.url);
    },
    async sql(text: string, values: unknown[] = []) {
      const client = new pg.Client({ connectionString: current.url });
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

test('while PostgreSQL is stopped, pages and documents are served', async () => {
  const database = await stoppable();
  const api = await startProcess('api', {
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: database.url,
    ARKLOOP_APP_BASE_URL: 'http://localhost:1234',
  });
  const get = (path: string) => fetch(api.url + path, { headers: { accept: 'text/html' } });
  expect((await get('/')).status).toBe(200);
  await database.stop();
  // Longer than settings are kept in memory.
  await sleep(5_000);
  for (const path of ['/', '/chat/1', '/docs', '/openapi.json', '/llms.txt']) expect([path, (await get(path)).status]).toEqual([path, 200]);
  expect(await (await get('/docs/guides/quickstart.md')).text()).toContain('API=http://localhost:1234 ');
});

test('while PostgreSQL is stopped, all processes keep running, requests get 503 with Retry-After, and no acknowledged write is lost', async () => {
  const database = await stoppable();
  const env = {
    ...fastWorkerEnv,
    ...testKeysEnv,
    ARKLOOP_DATABASE_URL: database.url,
    ARKLOOP_STUB_AGENT_DELTA_COUNT: '60',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05',
  };
  const api = await startProcess('api', env);
  const [worker, gateway] = await Promise.all([
    startProcess('worker', env),
    startProcess('gateway', { ...env, ARKLOOP_GATEWAY_UPSTREAM: api.url, ARKLOOP_RATELIMIT_CAPACITY: '1000000' }),
  ]);
  const { url } = gateway;
  const call = callTo(url);
  const bob = await registerUser(url);
  const { token } = bob;
  const runId = await startRun({ call }, bob, await openThread({ call }, bob));
  const watched = await openStream(url, runId, { token });
  const followed = followWithReconnects(url, runId, token);
  await watched.until(({ type }) => type === 'message.delta');

  const acknowledged: string[] = [];
  const refusals: { status: number; retryAfter: string | null; trace: string | null; text: string }[] = [];
  let over = false;
  const writing = (async () => {
    for (; !over; await sleep(30)) {
      const { status, body, headers, text } = await call('POST', '/v1/threads', { token, body: {} });
      if (status === 201) acknowledged.push(body.id);
      else refusals.push({ status, retryAfter: headers.get('retry-after'), trace: headers.get('x-trace-id'), text });
    }
  })();
  const readiness = async () => (await fetch(`${url}/readyz`)).status;
  await sleep(200);
  await database.stop();
  await expect.poll(readiness, { interval: 50 }).toBe(503);
  expect([(await fetch(`${url}/healthz`)).status, (await fetch(`${api.url}/healthz`)).status]).toEqual([200, 200]);
  await expect.poll(() => refusals.length).toBeGreaterThan(2);
  const before = acknowledged.length;
  await database.start();
  await expectWithin(10_000, readiness, 200);
  await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 3);
  over = true;
  await writing;

  expect(refusals.filter(({ status, retryAfter }) => status !== 503 || retryAfter !== '1')).toEqual([]);
  const threads = (await database.sql('select id from threads')).map(({ id }) => id);
  expect(acknowledged.filter((id) => !threads.includes(id))).toEqual([]);
  const events = await followed;
  expect(events).toEqual(await expectRunInvariants({ url, sql: database.sql }, runId, token));
  expect(events.at(-1)?.type).toBe('run.completed');
  expect(watched.events).toEqual(events.slice(0, watched.events.length));
  // Responses during the outage are written to the access log once the database is back.
  const noted = async () =>
    (await database.sql('select 1 from access_log where status_code = 503 and trace_id = any($1)', [refusals.map(({ trace }) => trace)]))
      .length;
  await expectWithin(10_000, noted, refusals.length);
  for (const part of [gateway, api, worker]) part.kill('SIGTERM');
  for (const part of [gateway, api, worker]) expect(await part.exited).toEqual({ code: 0, signal: null });
});

test('driver errors of a lost connection become 503, not an internal error', async () => {
  const database = await stoppable();
  const [broken, closed] = [new pg.Client({ connectionString: database.url }), new pg.Client({ connectionString: database.url })];
  for (const client of [broken, closed]) await client.on('error', () => undefined).connect();
  const pool = new pg.Pool({ connectionString: database.url, max: 1, connectionTimeoutMillis: 100 });
  const held = (await pool.connect()).on('error', () => undefined);
  const late = await pool.connect().catch((error: unknown) => error);
  await closed.end();
  const waiting = broken.query('select pg_sleep(10)').catch((error: unknown) => error);
  await database.stop();
  const errors = [late, await waiting, await broken.query('select').catch((error: unknown) => error)];
  errors.push(await closed.query('select').catch((error: unknown) => error));
  held.release(true);
  errors.push(await pool.connect().catch((error: unknown) => error));
  await pool.end();
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error);
    expect([String(error), failureOf(error).status]).toEqual([String(error), 503]);
  }
  await database.start();
});
