import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { queue } from '../../server/jobs/queue.ts';
import { startWorker } from '../../server/processes/worker.ts';
import { chat } from '../support/agent/vendor.ts';
import { addVendorModel } from '../support/agent/vendorModel.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { startTestApp, testKeys } from '../support/app/testApp.ts';
import { expectRunInvariants, usageOf } from '../support/checks/invariants.ts';
import { openStream, readAll, types } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp(
  { ARKLOOP_WORKER_CONCURRENCY: '2', ARKLOOP_WORKER_MIN_CONCURRENCY: '2', ARKLOOP_WORKER_MAX_CONCURRENCY: '2' },
  { worker: false },
);
await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 10 });
let logged = '';
const sink = new Writable({
  write(chunk, _encoding, done) {
    logged += chunk;
    done();
  },
});
const { config, database, databaseUrl, url, sql } = app;
const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'debug' }, sink) });
afterAll(() => worker.shutDown());

const noJobs = () => expect.poll(() => sql('select key from graphile_worker.jobs')).toEqual([]);
const addJob = (payload: object) => sql(`select graphile_worker.add_job('run.execute', payload := $1::json)`, [JSON.stringify(payload)]);

test('a job delivered twice has no effect during the run or after its end', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const isDelivered = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('one '), { wait: isDelivered.promise }, chat.text('answer'), chat.stop(), chat.done] });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  await addJob({ v: 1, run_id: runId });
  await queue.enqueueRun(database, { id: runId, account_id: bob.accountId, trace_id: 'f'.repeat(32) }, 25);
  await expect.poll(() => sql('select key from graphile_worker.jobs where locked_at is null')).toEqual([]);
  isDelivered.resolve();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, bob.token);
  await queue.enqueueRun(database, { id: runId, account_id: bob.accountId, trace_id: 'f'.repeat(32) }, 25);
  await addJob({ v: 1, run_id: runId });
  await noJobs();
  expect(await expectRunInvariants(app, runId, bob.token)).toEqual(events);
  expect(types(events).filter((type) => type === 'worker.job.received')).toHaveLength(1);
  expect(vendor.requests).toHaveLength(1);
  expect(await sql('select 1 from usage_records where run_id = $1', [runId])).toHaveLength(1);
  await vendor.close();
});

test('a run with a complete answer is finished after a worker crash without another model call', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith(chat.answer('the ', 'answer'));
  const runId = await startRun(app, bob, await openThread(app, bob));
  const before = await readAll(url, runId, bob.token);
  const usage = await usageOf(app, runId);
  // Restore the state between the last turn and the end of the run.
  await sql('delete from messages where run_id = $1', [runId]);
  await sql('delete from usage_records where run_id = $1', [runId]);
  await sql('delete from run_events where run_id = $1 and seq = $2', [runId, before.length]);
  await sql(`update runs set status = 'running', next_seq = next_seq - 1, completed_at = null where id = $1`, [runId]);
  await queue.enqueueRun(database, { id: runId, account_id: bob.accountId, trace_id: 'f'.repeat(32) }, 25);
  await readAll(url, runId, bob.token);
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(events.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
  expect(types(events).slice(before.length - 1)).toEqual(['worker.job.received', 'run.recovered', 'run.completed']);
  const { message_id: _, ...ending } = before.at(-1)!.data as Record<string, unknown>;
  expect(events.at(-1)?.data).toMatchObject(ending);
  expect(vendor.requests).toHaveLength(1);
  expect(await usageOf(app, runId)).toEqual(usage);
  await vendor.close();
});

test('a job for a missing run or with an unknown payload version is discarded', async () => {
  await addJob({ v: 1, run_id: randomUUID() });
  await addJob({ v: 2, run_id: randomUUID() });
  await addJob({ v: 1 });
  await noJobs();
});

test('at most as many runs as slots are executed concurrently', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const threads = await Promise.all(Array.from({ length: 6 }, () => openThread(app, bob)));
  const open = () => vendor.requests.filter(({ closed }) => !closed).length;
  let most = 0;
  // Two requests wait for each other, and then for a third, which must not arrive.
  const count = async () => {
    if (vendor.requests.length <= 2) {
      await expect.poll(open).toBeGreaterThan(1);
      await sleep(250);
    }
    most = Math.max(most, open());
  };
  vendor.respondWith(...threads.map(() => ({ steps: [{ wait: count }, ...chat.answer('x').steps!] })));
  const runs = await Promise.all(threads.map((threadId) => startRun(app, bob, threadId)));
  await Promise.all(runs.map((runId) => readAll(url, runId, bob.token)));
  expect(most).toBe(2);
  for (const runId of runs) expect((await expectRunInvariants(app, runId, bob.token)).at(-1)?.type).toBe('run.completed');
  await vendor.close();
});

test('never logs an API key or the text of a conversation', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const echo = chat.failure(503, { message: 'key sk-test-canary of bearer sk-test-canary' }, { 'x-echo': 'sk-test-canary' });
  vendor.respondWith(echo, { steps: [chat.text('private answer'), 'cut'] }, chat.answer('private answer'));
  const runId = await startRun(app, bob, await openThread(app, bob, 'private question'));
  await readAll(url, runId, bob.token);
  expect((await expectRunInvariants(app, runId, bob.token)).at(-1)?.type).toBe('run.completed');
  expect(logged).not.toBe('');
  for (const word of ['sk-test-canary', 'private answer', 'private question']) expect(logged).not.toContain(word);
  await vendor.close();
});
