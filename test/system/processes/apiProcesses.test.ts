import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { hashLimits } from '../../../server/platform/crypto/passwords.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { startSeveral } from '../../support/cluster/apiProcesses.ts';
import { openStream } from '../../support/http/events.ts';
import { adminCalls } from '../../support/resources/adminCalls.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_COUNT: '20', ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05' });
const { sql, signUp } = app;

/** All tests but one use it. The last one kills one of its processes. */
const api = await startSeveral(
  app.databaseUrl,
  { ARKLOOP_TRUST_X_FORWARDED_FOR: '1', ARKLOOP_MAX_STREAMS_PER_USER: '4' },
  'api',
  onFileFinished,
);

/** The requests that each process has counted. */
const countedBy = async (route: string) => {
  const { sum } = await api.scrape();
  return ['1', '2'].map((process) => sum('arkloop_http_requests_total', { process, route }));
};

test('a change through one process takes effect in the other: keys, IP rules, settings, suspended users', async () => {
  const [here, there] = await api.connections();
  const [chief, bob] = [await signUp(), await signUp()];
  await app.promote(chief);
  const { token } = bob;

  const { id, key } = (await here('POST', '/v1/api-keys', { token, body: { name: 'a key' } })).body;
  const withKey = async () => (await there('GET', '/v1/threads', { token: key })).status;
  expect(await withKey()).toBe(200);
  expect((await here('DELETE', `/v1/api-keys/${id}`, { token })).status).toBe(204);
  await expectWithin(1_000, withKey, 401);

  const headers = { 'x-forwarded-for': '203.0.113.9' };
  const fromOutside = () => Promise.all([here, there].map(async (call) => (await call('GET', '/v1/me', { token, headers })).status));
  expect(await fromOutside()).toEqual([200, 200]);
  expect((await here('POST', '/v1/ip-rules', { token, body: { type: 'blocklist', cidr: '203.0.113.0/24' } })).status).toBe(201);
  await expectWithin(1_000, fromOutside, [403, 403]);

  const modes = () => Promise.all([here, there].map(async (call) => (await call('GET', '/v1/auth/registration-mode')).body.mode as string));
  expect(await modes()).toEqual(['open', 'open']);
  const closed = { token: chief.token, body: { default_value: false } };
  expect((await there('PATCH', '/v1/feature-flags/registration.open', closed)).status).toBe(200);
  await expectWithin(1_000, modes, ['invite_only', 'invite_only']);
  const opened = { token: chief.token, body: { default_value: true } };
  expect((await here('PATCH', '/v1/feature-flags/registration.open', opened)).status).toBe(200);
  await expectWithin(1_000, modes, ['open', 'open']);

  const me = async () => (await there('GET', '/v1/me', { token })).status;
  expect(await me()).toBe(200);
  expect((await adminCalls({ ...app, call: here }, chief).suspend(bob.id)).status).toBe(200);
  await expectWithin(1_000, me, 401);

  // The two connections led to different processes.
  expect((await countedBy('/v1/auth/registration-mode')).every((count) => count > 1)).toBe(true);
});

test('of requests with one idempotency key that race at two processes, one takes effect', async () => {
  const calls = await api.connections();
  const { token, accountId } = await signUp();
  for (let round = 0; round < 20; round++) {
    const headers = { 'idempotency-key': randomUUID() };
    const title = `round ${round}`;
    const answers = await Promise.all(calls.map((call) => call('POST', '/v1/threads', { token, body: { title }, headers })));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    const rejected = answers.filter(({ status }) => status !== 201);
    expect(rejected.map(({ status, body }) => [status, body.details.reason])).toEqual(rejected.map(() => [409, 'idempotency_in_progress']));
    // Afterwards each process returns the stored response.
    for (const call of calls) {
      const again = await call('POST', '/v1/threads', { token, body: { title }, headers });
      expect([again.body.id, again.headers.get('idempotent-replayed')]).toEqual([made[0]!.body.id, 'true']);
    }
  }
  expect(await sql('select count(*)::int from threads where account_id = $1', [accountId])).toEqual([{ count: 20 }]);
  expect((await countedBy('/v1/threads')).every((count) => count >= 40)).toBe(true);
});

test('wrong passwords and hashes are counted over all processes', async () => {
  const calls = await api.connections();
  const { login } = await signUp();
  const statuses = [];
  for (let n = 0; n < 14; n++)
    statuses.push((await calls[n % 2]!('POST', '/v1/auth/login', { body: { login, password: 'Wrong-1234' } })).status);
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429, 429, 429]);
  expect(await countedBy('/v1/auth/login')).toEqual([7, 7]);

  // As many sign-ins for each process as one hashes and lets wait: counted per process, none would be rejected.
  const another = await signUp();
  const half = hashLimits.most + hashLimits.maxWaiting;
  const storm = await api.connections(2 * half);
  const body = { login: another.login, password: another.password };
  const answers = await Promise.all(storm.map((call) => call('POST', '/v1/auth/login', { body })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
  expect(answers.filter(({ text }) => text.includes('Too many sign-ins at once')).length).toBeGreaterThan(0);
  expect(await countedBy('/v1/auth/login')).toEqual([7 + half, 7 + half]);
});

test('the processes together have the configured requests in progress', async () => {
  const small = await startSeveral(app.databaseUrl, { ARKLOOP_API_MAX_IN_FLIGHT: '4' });
  const { token } = await signUp();
  const calls = await small.connections(10);
  expect((await calls[0]('GET', '/v1/threads', { token })).status).toBe(200);
  const client = await app.database.pool.connect();
  onTestFinished(() => client.release());
  await client.query('begin; lock table threads in access exclusive mode');
  const answers = calls.map((call) => call('GET', '/v1/threads', { token }));
  const rejected = async () => (await small.scrape()).sum('arkloop_http_requests_total', { status: '503' });
  await expect.poll(rejected).toBe(6);
  await client.query('rollback');
  const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
  expect(statuses.toSorted()).toEqual([...Array.from({ length: 4 }, () => 200), ...Array.from({ length: 6 }, () => 503)]);
});

test('the events of a run reach streams on every process, and a user has the configured number of streams over all of them, also after a kill', async () => {
  const bob = await signUp();
  const { token } = bob;
  const runId = await startRun(app, bob, await openThread(app, bob));
  const streams = [];
  for (let n = 0; n < 4; n++) streams.push(await openStream(api.url, runId, { token }));
  expect(streams.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await countedBy('/v1/runs/{run_id}/events')).toEqual([2, 2]);
  for (let n = 0; n < 3; n++) expect((await openStream(api.url, runId, { token })).status).toBe(429);
  streams[0]!.close();
  await expectWithin(1_000, async () => (await openStream(api.url, runId, { token })).status, 200);
  await Promise.all(streams.map(({ ended }) => ended));
  const events = await expectRunInvariants(app, runId, token);
  for (const stream of streams.slice(1)) expect(stream.events).toEqual(events);

  // The slots of a killed process are free again.
  const next = await startRun(app, bob, await openThread(app, bob));
  const open = async () => {
    const stream = await openStream(api.url, next, { token }).catch(() => undefined);
    // The kill breaks the streams of the process, the end of the test those of the others.
    stream?.ended.catch(() => undefined);
    return stream?.status;
  };
  expect([await open(), await open(), await open(), await open(), await open()]).toEqual([200, 200, 200, 200, 429]);
  process.kill(api.pids().get(2)!, 'SIGKILL');
  await expect.poll(open).toBe(200);
  await expectWithin(1_000, open, 200);
  expect(await open()).toBe(429);
});
