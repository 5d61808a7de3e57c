import { pino } from 'pino';
import { expect, test } from 'vitest';
import { queue } from '../../server/jobs/queue.ts';
import { startWorker } from '../../server/processes/worker.ts';
import { createPostgresPublisher } from '../../server/pubsub/postgresChannel.ts';
import { createRunNotifier } from '../../server/pubsub/runNotifier.ts';
import { reapRuns } from '../../server/runs/lease/reaper.ts';
import { callsTools } from '../support/agent/tools.ts';
import { chat } from '../support/agent/vendor.ts';
import { addVendorModel } from '../support/agent/vendorModel.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { sharedTestApp, startTestApp, type TestApp, testKeys } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { openStream, readAll, types } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const env = { ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '1', ARKLOOP_WORKER_HEARTBEAT_SECONDS: '0.3', ARKLOOP_RUN_TIMEOUT_MINUTES: '1' };
const app = await startTestApp(env);
const idle = await sharedTestApp(env);
await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': 2000 });
const { url, call } = app;

const reap = ({ config, database }: TestApp) =>
  reapRuns({
    config,
    database,
    queue,
    runNotifier: createRunNotifier(createPostgresPublisher(database), () => undefined),
    log: pino({ level: 'silent' }),
  });
const age = ({ sql }: TestApp, runId: string, fields = '') =>
  sql(`update runs set last_activity_at = now() - interval '90 seconds' ${fields} where id = $1`, [runId]);

test('a run that exceeds the wall clock limit fails and releases its slot and thread', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith({ steps: [chat.text('slow'), 'stall'] });
  const [threadId, other] = [await openThread(app, bob), await openThread(app, bob)];
  const began = Date.now();
  const runId = await startRun(app, bob, threadId);
  expect(await call('POST', `/v1/threads/${other}/runs`, { token: bob.token })).toMatchObject({ status: 429 });
  await readAll(url, runId, bob.token);
  expect(Date.now() - began).toBeGreaterThanOrEqual(2_000);
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(events.at(-1)).toMatchObject({
    type: 'run.failed',
    error_class: 'run.deadline_exceeded',
    data: { details: { timeout_ms: 2_000 }, resumable: true },
  });
  await expect.poll(() => vendor.requests[0]?.closed).toBe(true);
  vendor.respondWith(chat.answer('quick'));
  const next = await startRun(app, bob, threadId);
  expect(types(await readAll(url, next, bob.token)).at(-1)).toBe('run.completed');
  await vendor.close();
});

/** Starts a worker in the idle installation until the run ends. */
async function work(runId: string, token: string) {
  const { config, database, databaseUrl } = idle;
  const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  await readAll(idle.url, runId, token);
  await worker.shutDown();
  return expectRunInvariants(idle, runId, token);
}

test('the wall clock limit spans all attempts', async () => {
  const bob = await idle.signUp();
  const runId = await startRun(idle, bob, await openThread(idle, bob));
  await idle.sql(`update runs set attempt = 1, first_started_at = now() - interval '1 hour' where id = $1`, [runId]);
  expect((await work(runId, bob.token)).at(-1)).toMatchObject({ error_class: 'run.deadline_exceeded' });
});

test('a run is not attempted more than 25 times', async () => {
  const bob = await idle.signUp();
  const runId = await startRun(idle, bob, await openThread(idle, bob));
  await idle.sql('update runs set attempt = 25 where id = $1', [runId]);
  expect((await work(runId, bob.token)).at(-1)).toMatchObject({ error_class: 'worker.timeout', data: { resumable: true } });
});

test('a run that has lost its worker three times is not tried again', async () => {
  const bob = await idle.signUp();
  const runId = await startRun(idle, bob, await openThread(idle, bob));
  await idle.sql('update runs set attempt = 3, lost_leases = 3 where id = $1', [runId]);
  expect((await work(runId, bob.token)).at(-1)).toMatchObject({
    error_class: 'worker.lost',
    data: { reason: 'lost_leases', resumable: false },
  });
});

test('a run stores at most 64 MiB of events, over all attempts', async () => {
  const bob = await idle.signUp();
  const vendor = await addVendorModel(idle, bob);
  vendor.respondWith(callsTools(['unknown']), chat.answer('never asked for'));
  const runId = await startRun(idle, bob, await openThread(idle, bob));
  await idle.sql('update runs set event_bytes = 64 * 1024 * 1024 + 1 where id = $1', [runId]);
  expect((await work(runId, bob.token)).at(-1)).toMatchObject({ error_class: 'run.events_exceeded', data: { resumable: false } });
  await vendor.close();
});

test('a cancelled run that waits for another attempt ends with that attempt', async () => {
  const bob = await idle.signUp();
  const runId = await startRun(idle, bob, await openThread(idle, bob));
  await idle.sql('update runs set attempt = 1 where id = $1', [runId]);
  await idle.call('POST', `/v1/runs/${runId}:cancel`, { token: bob.token });
  expect((await idle.call('GET', `/v1/runs/${runId}`, { token: bob.token })).body.status).toBe('cancelling');
  const events = await work(runId, bob.token);
  expect(types(events)).toEqual(['run.started', 'run.cancel_requested', 'run.cancelled']);
  expect(events.at(-1)?.data).toMatchObject({ reason: 'cancel_signal' });
});

test('the reaper does not end a run of a live worker', async () => {
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': null });
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const isReaped = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('slow'), { wait: isReaped.promise }, ...chat.answer('and done').steps!] });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  await age(app, runId);
  const activity = async () =>
    (await app.sql(`select last_activity_at > now() - interval '1 second' as fresh from runs where id = $1`, [runId]))[0].fresh;
  await expect.poll(activity).toBe(true);
  expect(await reap(app)).toBe(0);
  isReaped.resolve();
  await reader.ended;
  expect((await expectRunInvariants(app, runId, bob.token)).at(-1)?.type).toBe('run.completed');
  await vendor.close();
});

test('the reaper fails runs of dead workers, cancels cancelling ones, and writes audit entries', async () => {
  const [bob, eve] = [await idle.signUp(), await idle.signUp()];
  const dead = await startRun(idle, bob, await openThread(idle, bob));
  const stopping = await startRun(idle, eve, await openThread(idle, eve));
  const lease = `, attempt = 1, lease_token = gen_random_uuid(), lease_until = now() - interval '60 seconds'`;
  await age(idle, dead, lease);
  await age(idle, stopping, lease);
  await idle.call('POST', `/v1/runs/${stopping}:cancel`, { token: eve.token });
  expect((await idle.sql('select status from runs where id = $1', [stopping]))[0].status).toBe('cancelling');
  await age(idle, stopping);
  expect(await reap(idle)).toBe(2);
  expect((await expectRunInvariants(idle, dead, bob.token)).at(-1)).toMatchObject({
    type: 'run.failed',
    error_class: 'worker.timeout',
    data: { reason: 'stale', resumable: true },
  });
  expect(types(await expectRunInvariants(idle, stopping, eve.token)).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect((await readAll(idle.url, stopping, eve.token)).at(-1)?.data).toMatchObject({ reason: 'reaped' });
  for (const runId of [dead, stopping]) {
    expect(await idle.sql(`select target_type from audit_logs where action = 'run.force_expired' and target_id = $1`, [runId])).toEqual([
      { target_type: 'run' },
    ]);
    expect(await idle.sql('select 1 from graphile_worker.jobs where key = $1', [`run:${runId}`])).toEqual([]);
  }
  expect((await idle.call('GET', `/v1/runs/${dead}`, { token: bob.token })).body).toMatchObject({
    status: 'failed',
    failed_at: expect.any(String),
    duration_ms: expect.any(Number),
    error: { error_class: 'worker.timeout' },
  });
  expect(await reap(idle)).toBe(0);
});

test('a run is told of the end of a child run that no worker ends', async () => {
  const bob = await idle.signUp();
  await idle.sql(
    `insert into entitlement_overrides (account_id, key, id, value, value_type) values ($1, 'limit.concurrent_runs', gen_random_uuid(), '3', 'integer')`,
    [bob.accountId],
  );
  const start = async () => startRun(idle, bob, await openThread(idle, bob));
  const [parent, cancelled, dead] = [await start(), await start(), await start()];
  await idle.sql('update runs set parent_run_id = $1, root_run_id = $1, depth = 1 where id = any ($2)', [parent, [cancelled, dead]]);
  await age(idle, dead, `, attempt = 1, lease_token = gen_random_uuid(), lease_until = now() - interval '60 seconds'`);
  const finished = () =>
    idle.sql(
      `select data ->> 'run_id' as run, data ->> 'status' as status from run_events where run_id = $1 and type = 'subagent.finished'`,
      [parent],
    );
  await idle.call('POST', `/v1/runs/${cancelled}:cancel`, { token: bob.token });
  await expect.poll(finished).toEqual([{ run: cancelled, status: 'cancelled' }]);
  expect(await reap(idle)).toBe(1);
  expect((await finished()).slice(1)).toEqual([{ run: dead, status: 'failed' }]);
  await idle.call('POST', `/v1/runs/${parent}:cancel`, { token: bob.token });
});

test('a queued run is reaped only if no worker is alive', async () => {
  const bob = await idle.signUp();
  const runId = await startRun(idle, bob, await openThread(idle, bob));
  await age(idle, runId);
  await idle.sql(`insert into workers (id, version, capabilities) values (gen_random_uuid(), 'x', '{}')`);
  expect(await reap(idle)).toBe(0);
  await idle.sql('delete from workers');
  expect(await reap(idle)).toBe(1);
  expect((await expectRunInvariants(idle, runId, bob.token)).at(-1)).toMatchObject({ error_class: 'worker.timeout' });
});
