import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { expectWithin } from '../../../support/app/expectWithin.ts';
import { type Call, callTo, startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants } from '../../../support/checks/invariants.ts';
import { startLoad } from '../../../support/checks/steadyLoad.ts';
import { startCluster } from '../../../support/cluster/cluster.ts';
import { isTerminal, openStream } from '../../../support/http/events.ts';
import { adminCalls } from '../../../support/resources/adminCalls.ts';
import { openThread, startRun } from '../../../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const { sql, signUp } = app;
/** Enables the test with a real Redis. */
const redisUrl = process.env.TEST_REDIS_URL;

test('changes at one of two instances take effect at the other: streams, keys, IP rules, settings, suspended users', async () => {
  const cluster = await startCluster(app.databaseUrl, {
    ARKLOOP_STUB_AGENT_DELTA_COUNT: '20',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05',
  });
  const [chief, bob] = [await signUp(), await signUp()];
  await app.promote(chief);
  const [here, there] = cluster.gateways.map(callTo) as [Call, Call];
  const { token } = bob;

  const runId = await startRun({ call: here }, bob, await openThread({ call: here }, bob));
  const first = await openStream(cluster.gateways[1]!, runId, { token });
  await first.until(({ type }) => type === 'message.delta');
  first.close();
  await first.ended;
  expect(first.events.some(isTerminal)).toBe(false);
  const rest = await openStream(cluster.gateways[0]!, runId, { token, lastEventId: first.events.at(-1)!.seq });
  await rest.ended;
  expect([...first.events, ...rest.events]).toEqual(await expectRunInvariants(app, runId, token));

  const { id, key } = (await here('POST', '/v1/api-keys', { token, body: { name: 'a key' } })).body;
  const withKey = async () => (await there('GET', '/v1/threads', { token: key })).status;
  expect(await withKey()).toBe(200);
  expect((await here('DELETE', `/v1/api-keys/${id}`, { token })).status).toBe(204);
  await expectWithin(1_000, withKey, 401);

  const from = { 'x-forwarded-for': '203.0.113.9' };
  const seen = cluster.apis.map(callTo).concat(there);
  const fromOutside = () => Promise.all(seen.map(async (call) => (await call('GET', '/v1/me', { token, headers: from })).status));
  expect(await fromOutside()).toEqual([200, 200, 200]);
  const rule = await here('POST', '/v1/ip-rules', { token, body: { type: 'blocklist', cidr: '203.0.113.0/24' } });
  expect(rule.status).toBe(201);
  await expectWithin(1_000, fromOutside, [403, 403, 403]);

  const mode = async () => (await there('GET', '/v1/auth/registration-mode')).body.mode;
  const setMode = (open: boolean) =>
    here('PATCH', '/v1/feature-flags/registration.open', { token: chief.token, body: { default_value: open } });
  expect(await mode()).toBe('open');
  expect((await setMode(false)).status).toBe(200);
  await expectWithin(1_000, mode, 'invite_only');
  expect((await setMode(true)).status).toBe(200);

  const limit = async () => (await there('GET', '/v1/me', { token })).headers.get('x-ratelimit-limit');
  // Without Redis, each of two gateways enforces half of the limit.
  await expectWithin(1_000, limit, '300');
  const stored = await here('PUT', '/v1/admin/platform-settings/gateway.ratelimit_capacity', { token: chief.token, body: { value: '42' } });
  expect(stored.status).toBe(200);
  await expectWithin(2_000, limit, '21');
  expect((await here('DELETE', '/v1/admin/platform-settings/gateway.ratelimit_capacity', { token: chief.token })).status).toBe(204);

  const me = async () => (await there('GET', '/v1/me', { token })).status;
  expect(await me()).toBe(200);
  expect((await adminCalls({ ...app, call: here }, chief).suspend(bob.id)).status).toBe(200);
  await expectWithin(1_000, me, 401);
});

test('a rolling replacement of every process under load fails no call permanently, resumes all streams, and ends each run once', async () => {
  const cluster = await startCluster(app.databaseUrl, {
    ARKLOOP_STUB_AGENT_DELTA_COUNT: '15',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05',
    ARKLOOP_RATELIMIT_CAPACITY: '1000000',
  });
  const people = [await signUp(), await signUp(), await signUp(), await signUp()];
  const load = startLoad(cluster.url, people);
  for (const { replace } of cluster.parts) {
    await sleep(500);
    await replace();
  }
  await sleep(500);
  const talks = await load.stop();
  expect(talks.length).toBeGreaterThan(people.length * 3);
  expect([...load.statuses.keys()].filter((status) => ![0, 200, 201, 502, 503].includes(status))).toEqual([]);
  for (const { person, runId, events } of talks) {
    expect(events).toEqual(await expectRunInvariants(app, runId, person.token));
    expect(events.at(-1)?.type).toBe('run.completed');
  }
  // Requests that were retried took effect once.
  const made = await sql(
    `select t.id,
       (select count(*)::int from messages m where m.thread_id = t.id and m.role = 'user') as asked,
       (select count(*)::int from runs r where r.thread_id = t.id) as runs
     from threads t where t.account_id = any($1) order by t.id`,
    [people.map(({ accountId }) => accountId)],
  );
  expect(made).toEqual(
    talks
      .map(({ threadId }) => threadId)
      .toSorted()
      .map((id) => ({ id, asked: 1, runs: 1 })),
  );
});

test('two gateways with one Redis share a rate limit', async ({ skip }) => {
  skip(!redisUrl, 'TEST_REDIS_URL is not set');
  const cluster = await startCluster(app.databaseUrl, {
    ARKLOOP_REDIS_URL: redisUrl!,
    ARKLOOP_GATEWAY_REDIS_TIMEOUT_MS: '2000',
    ARKLOOP_RATELIMIT_CAPACITY: '20',
    ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.1',
  });
  const { token } = await signUp();
  const calls = cluster.gateways.map(callTo);
  const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => calls[at % 2]!('GET', '/v1/me', { token })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
});
