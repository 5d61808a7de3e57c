import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createLocalBuckets } from '../../../server/gateway/rateLimits/buckets.ts';
import { ExpiringCache } from '../../../server/http/cache.ts';
import { newId } from '../../../server/platform/crypto/ids.ts';
import { limiterKeyOf } from '../../../server/platform/limiterKey.ts';
import { credentials, startS3 } from '../../storage/s3Server.ts';
import { clockOff } from '../../support/app/clock.ts';
import { expectWithin } from '../../support/app/expectWithin.ts';
import { temporaryDataDir } from '../../support/app/instance.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { callTo, startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { takeFrom } from '../../support/gateway/buckets.ts';
import { openStream } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp(fastWorkerEnv, { worker: false });
const { call, sql, signUp } = app;
const env = { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl };

afterEach(() => void vi.useRealTimers());

test('two workers with clocks twenty minutes apart keep their leases, and events and messages stay in order', async () => {
  // Runs last longer than a lease, which lasts longer than a pause of the machine.
  const slowly = {
    ARKLOOP_WORKER_LEASE_SECONDS: '5',
    ARKLOOP_STUB_AGENT_DELTA_COUNT: '25',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.25',
  };
  const workers = await Promise.all([-600, 600].map((seconds) => startProcess('worker', { ...env, ...slowly, ...clockOff(seconds) })));
  const talk = async () => {
    const person = await signUp();
    const { token } = person;
    const threadId = await openThread(app, person, 'one');
    const runs: string[] = [];
    for (const content of ['two', 'three']) {
      runs.push(await startRun(app, person, threadId));
      await openStream(app.url, runs.at(-1)!, { token }).then(({ ended }) => ended);
      await call('POST', `/v1/threads/${threadId}/messages`, { token, body: { content } });
    }
    const { body: messages } = await call('GET', `/v1/threads/${threadId}/messages`, { token });
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
    for (const runId of runs) {
      const events = await expectRunInvariants(app, runId, token);
      expect(events.at(-1)?.type).toBe('run.completed');
      expect(events.filter(({ type }) => type === 'run.recovered')).toEqual([]);
    }
    return runs;
  };
  const runs = (await Promise.all([talk(), talk(), talk()])).flat();
  const strange = await sql(
    `select * from (
       select 'run' as what, created_at as at from runs where id = any($1)
       union all select 'event', created_at from run_events where run_id = any($1)
       union all select 'message', created_at from messages where run_id = any($1)
       union all select 'usage', recorded_at from usage_records where run_id = any($1)) as written
     where at not between now() - interval '1 minute' and now()`,
    [runs],
  );
  expect(strange).toEqual([]);
  for (const worker of workers) worker.kill('SIGTERM');
  for (const worker of workers) expect(await worker.exited).toEqual({ code: 0, signal: null });
});

test('APIs whose clocks are up to 25 seconds off accept each other’s tokens, also right after all sessions were ended', async () => {
  const [slow, fast] = await Promise.all([-25, 25].map((seconds) => startProcess('api', { ...env, ...clockOff(seconds) })));
  const places = [callTo(slow!.url), callTo(fast!.url), call];
  const bob = await signUp();
  for (const at of places) {
    const signIn = async () =>
      (await at('POST', '/v1/auth/login', { body: { login: bob.login, password: bob.password } })).body.access_token;
    const token = await signIn();
    for (const other of places) expect((await other('GET', '/v1/me', { token })).status).toBe(200);
    expect((await at('POST', '/v1/auth/logout', { token, body: { all: true } })).status).toBe(200);
    for (const other of places) await expectWithin(1_000, async () => (await other('GET', '/v1/me', { token })).status, 401);
    const again = await signIn();
    for (const other of places) expect((await other('GET', '/v1/me', { token: again })).status).toBe(200);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const made = await Promise.all(places.map((other) => other('POST', '/v1/threads', { token: again, body: {}, headers })));
    expect(new Set(made.filter(({ status }) => status === 201).map(({ body }) => body.id)).size).toBe(1);
    expect(made.every(({ status }) => status === 201 || status === 409)).toBe(true);
  }
});

test.each([
  ['130 days ahead', 130],
  ['130 days behind', -130],
])('a process whose clock is %s deletes nothing, serves, and reports it', async (_, days) => {
  const bob = await signUp();
  const talk = async (at: typeof call, url: string) => {
    const person = { ...bob, url };
    const runId = await startRun({ call: at }, person, await openThread({ call: at }, person));
    await openStream(url, runId, { token: bob.token }).then(({ ended }) => ended);
    return runId;
  };
  const worker = await startProcess('worker', env);
  const kept = await talk(call, app.url);
  await sql(`insert into access_log values ($1, now(), '', '', '/kept', 200, 0, '', '', '', '', 'tool', 0, 'anonymous', '', '')`, [
    newId(),
  ]);
  worker.kill('SIGTERM');
  await worker.exited;
  const counts = () =>
    sql(
      `select (select count(*)::int from run_events where run_id = $1) as events, (select count(*)::int from access_log) as lines,
        (select count(*)::int from audit_logs) as entries`,
      [kept],
    );
  const before = await counts();
  const files = await startS3(temporaryDataDir(), 'arkloop');
  onTestFinished(files.close);
  const store = {
    ARKLOOP_STORAGE_BACKEND: 's3',
    ARKLOOP_S3_ENDPOINT: files.endpoint,
    ARKLOOP_S3_ACCESS_KEY: credentials.accessKey,
    ARKLOOP_S3_SECRET_KEY: credentials.secretKey,
  };
  const wrong = await startProcess('all', { ...env, ...store, ...clockOff(days * 86_400), ARKLOOP_METRICS_ADDR: '127.0.0.1:0' });
  expect(await counts()).toEqual(before);
  const run = await talk(callTo(wrong.url), wrong.url);
  const made = await sql(
    `select abs(extract(epoch from to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) - created_at)) < 60 as is_right
     from runs where id = $1`,
    [run],
  );
  expect(made).toEqual([{ is_right: true }]);
  expect(wrong.output()).toContain('this process deletes nothing until they agree');
  const page = await (await fetch(/Metrics: +(\S+)/.exec(wrong.output())![1]!)).text();
  const difference = Number(/^arkloop_clock_difference_seconds (\S+)$/m.exec(page)![1]);
  expect(Math.abs(difference - days * 86_400)).toBeLessThan(30);
});

test('a wall clock set back by an hour neither refills a rate limit bucket nor extends a cache entry', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() });
  const [buckets, memory] = [createLocalBuckets(), new ExpiringCache<string>(10, 50)];
  const [a, rate] = [limiterKeyOf('a'), { capacity: 1, perSecond: 20 }];
  takeFrom(buckets, [a], rate);
  memory.set('a', 'remembered');
  vi.setSystemTime(Date.now() - 3_600_000);
  expect([takeFrom(buckets, [a], rate).granted, memory.get('a')]).toEqual([false, 'remembered']);
  vi.advanceTimersByTime(60);
  expect([takeFrom(buckets, [a], rate).granted, memory.get('a')]).toEqual([true, undefined]);
  vi.setSystemTime(Date.now() + 7_200_000);
  expect(takeFrom(buckets, [a], rate).granted).toBe(false);
});
