import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import * as contract from '../../../contract/index.ts';
import { mayReadFromReplica } from '../../../contract/shared/policy.ts';
import type { Route } from '../../../contract/shared/route.ts';
import { metricsEvents } from '../../../server/platform/telemetry/metricsEvents.ts';
import { checkReadReplica } from '../../../server/processes/databases.ts';
import { freePort } from '../../support/app/ports.ts';
import { startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, freshDatabase, startTestApp } from '../../support/app/testApp.ts';
import { startReplicatedPostgres } from '../../support/cluster/replica.ts';
import { openThread } from '../../support/resources/conversation.ts';

const postgres = await startReplicatedPostgres();
const env = { ARKLOOP_DATABASE_READ_URL: postgres.replicaUrl };
const options = { worker: false, databaseUrl: postgres.url };
/** Two API processes would share nothing but the database, as these do. */
const [app, other] = [await startTestApp(env, options), await startTestApp(env, options)];
afterAll(postgres.close);

const admin = await app.signUpAdmin();
const { token, accountId } = admin;

const reads: string[] = [];
afterAll(metricsEvents.replicaRead.on(({ server, reason }) => reads.push(reason ? `${server}: ${reason}` : server)));
beforeEach(() => void reads.splice(0));

const titles = async (at = app) => {
  const { status, body } = await at.call('GET', '/v1/threads?limit=100', { token });
  expect(status).toBe(200);
  return (body as { title: string }[]).map(({ title }) => title);
};
const served = async (at = app) => {
  reads.splice(0);
  await titles(at);
  return reads[0];
};
/** A busy machine may take longer than a read waits for the replica, but not each time. */
const eventuallyServed = (by: string, at = app) => expect.poll(() => served(at), { interval: 100 }).toBe(by);
const fromReplica = () => eventuallyServed('replica');

const routes = Object.values(contract as unknown as Record<string, Record<string, Route>>)
  .flatMap((resource) => Object.values(resource))
  .filter((route) => typeof route === 'object' && 'method' in route && mayReadFromReplica(route));

test('every list and statistic is read from the replica, and nothing else is', async () => {
  const project = (await app.call('POST', '/v1/projects', { token, body: { name: 'One' } })).body.id;
  const thread = await openThread(app, admin);
  const team = (await app.call('POST', '/v1/teams', { token, body: { name: 'Team' } })).body.id;
  const endpoint = (
    await app.call('POST', '/v1/webhook-endpoints', { token, body: { url: 'https://example.com/hook', events: ['run.completed'] } })
  ).body.id;
  const schedule = (await app.call('POST', '/v1/schedules', { token, body: { name: 'Daily', cron: '0 9 * * *', input: 'Hello!' } })).body
    .id;
  const apiKey = (await app.call('POST', '/v1/api-keys', { token, body: { name: 'Key' } })).body.id;
  await app.call('POST', '/v1/feature-flags', { token, body: { key: 'some_flag', default_value: false } });
  const ids: Record<string, string> = {
    project_id: project,
    thread_id: thread,
    account_id: accountId,
    team_id: team,
    endpoint_id: endpoint,
    schedule_id: schedule,
    key: 'some_flag',
    id: apiKey,
  };
  const queries: Record<string, string> = {
    '/v1/threads/search': '?q=abc',
    '/v1/admin/referrals/tree': `?user_id=${admin.id}`,
    '/v1/entitlement-overrides': `?account_id=${accountId}`,
    '/v1/admin/credits': `?account_id=${accountId}`,
  };
  for (const { path } of routes) {
    const days = /daily|hourly/.test(path) ? '?start=2026-01-01&end=2026-01-02' : '';
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? `unknown-${name}`) + (queries[path] ?? days);
    const read = async () => {
      reads.splice(0);
      const { status } = await app.call('GET', url, { token });
      return [path, status, ...reads];
    };
    // A busy machine may take longer than a read waits.
    await expect.poll(read, { interval: 300 }).toEqual([path, 200, 'replica']);
  }
  expect(routes.length).toBeGreaterThan(40);
  reads.splice(0);
  for (const path of [`/v1/threads/${thread}`, '/v1/me', `/v1/projects/${project}`]) await app.call('GET', path, { token });
  expect(reads).toEqual([]);
});

test('a list contains what was written before, at any process', async () => {
  const fromReplicas = () => reads.filter((read) => read === 'replica').length;
  const deadline = Date.now() + 60_000;
  await Promise.all(
    Array.from({ length: 4 }, async (_, writer) => {
      // A replica that is late for one read serves none for a second.
      for (let round = 0; round < 10 || (fromReplicas() <= 40 && Date.now() < deadline); round++) {
        const title = `written ${writer} ${round}`;
        expect((await app.call('POST', '/v1/threads', { token, body: { title } })).status).toBe(201);
        expect(await titles(other)).toContain(title);
        expect(await titles(app)).toContain(title);
      }
    }),
  );
  expect(fromReplicas()).toBeGreaterThan(40);
});

test('a record that the primary has flushed in part only does not keep lists from the replica', async () => {
  const splits = `select pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') % 8192 = 0 and pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() as splits`;
  const first: (string | undefined)[] = [];
  for (let round = 0; round < 5 && !first.includes('replica'); round++) {
    await fromReplica();
    // More than two pages that no commit flushes: the background writer flushes whole pages of them.
    await postgres.onPrimary(`select pg_logical_emit_message(false, 'test', repeat('x', 20000))`);
    await expect.poll(async () => (await postgres.onPrimary(splits))[0].splits, { interval: 20 }).toBe(true);
    first.push(await served());
  }
  expect(first).toContain('replica');
});

test('while the replica is behind, the primary serves what was written, without waiting for long', async () => {
  await fromReplica();
  await postgres.onReplica('select pg_wal_replay_pause()');
  onTestFinished(async () => {
    await postgres.onReplica('select pg_wal_replay_resume()');
  });
  expect((await app.call('POST', '/v1/threads', { token, body: { title: 'while paused' } })).status).toBe(201);
  await eventuallyServed('primary: lag', other);
  reads.splice(0);
  const began = performance.now();
  expect(await titles(app)).toContain('while paused');
  expect(performance.now() - began).toTakeLessThan(1_000);
  for (let round = 0; round < 20; round++) expect(await titles(other)).toContain('while paused');
  expect(reads.filter((server) => !server.startsWith('primary'))).toEqual([]);
  await postgres.onReplica('select pg_wal_replay_resume()');
  await fromReplica();
  expect(await titles()).toContain('while paused');
});

test('no list fails while the replica is stopped under load, and it is used again once it is back', async () => {
  await fromReplica();
  let ended = false;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!ended) {
        await titles(app);
        await sleep(5);
      }
    }),
  );
  await postgres.stopReplica();
  await expect.poll(() => [...new Set(reads)]).toContain('primary: unavailable');
  await eventuallyServed('primary: unavailable');
  await postgres.startReplica();
  ended = true;
  await load;
  await fromReplica();
});

test('a start names the variable if the URL leads to another database, to the primary, or nowhere', async () => {
  const warnings: string[] = [];
  const log = { warn: (text: string) => warnings.push(text) } as never;
  const check = (url: string) => checkReadReplica(url, postgres.url, log);
  await expect(check(await freshDatabase())).rejects.toThrow('ARKLOOP_DATABASE_READ_URL: leads to a server that is not a replica of');
  await check(postgres.replicaUrl);
  expect(warnings).toEqual([]);
  await check(postgres.url);
  await check('postgres://nobody@127.0.0.1:1/nothing');
  expect(warnings).toEqual([
    expect.stringMatching(/^ARKLOOP_DATABASE_READ_URL: leads to a server that is not a standby/),
    expect.stringMatching(/^ARKLOOP_DATABASE_READ_URL: cannot use 127.0.0.1:1\/nothing: the connection is refused; the primary serves/),
  ]);
});

test('several API processes read there, and their metrics tell how many lists and how far behind it is', async () => {
  const metrics = await freePort();
  const shared = { ...testKeysEnv, ARKLOOP_DATABASE_URL: postgres.url, ARKLOOP_DATABASE_READ_URL: postgres.replicaUrl };
  const api = await startProcess('api', { ...shared, ARKLOOP_API_PROCESSES: '2', ARKLOOP_METRICS_ADDR: `127.0.0.1:${metrics}` });
  const call = callTo(api.url);
  const scrape = async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  const readAndScrape = async () => {
    expect((await call('GET', '/v1/threads', { token })).status).toBe(200);
    return await scrape();
  };
  const counted = /^arkloop_replica_reads_total\{server="replica",reason="",process="\d"\} [1-9]/m;
  await expect.poll(readAndScrape, { interval: 200 }).toMatch(counted);
  const text = await scrape();
  expect(text).toMatch(/^arkloop_replica_lag_bytes\{process="\d"\} \d+$/m);
  expect(text).toMatch(/^arkloop_replica_wait_duration_seconds_count\{process="\d"\} [1-9]/m);
  expect(text).toMatch(/^arkloop_notifications_up\{carrier="postgres",process="\d"\} 1$/m);
  expect(api.output()).not.toContain('READ_URL');
  await expect(startProcess('api', { ...shared, ARKLOOP_DATABASE_READ_URL: await freshDatabase() })).rejects.toThrow(
    'ARKLOOP_DATABASE_READ_URL: leads to a server that is not a replica of ARKLOOP_DATABASE_URL',
  );
});

test('a replica that was promoted is not read', async () => {
  await fromReplica();
  await postgres.onReplica('select pg_promote()');
  await app.call('POST', '/v1/threads', { token, body: { title: 'after the promotion' } });
  expect(await titles()).toContain('after the promotion');
  await eventuallyServed('primary: promoted');
});

test('a server of another database is not read', async () => {
  const foreign = await startTestApp({ ARKLOOP_DATABASE_READ_URL: await freshDatabase() }, options);
  expect(await titles(foreign)).toContain('after the promotion');
  await eventuallyServed('primary: foreign', foreign);
});
