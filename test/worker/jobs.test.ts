import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { queue } from '../../server/jobs/queue.ts';
import { startWorker } from '../../server/worker.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { openStream, readAll, types } from '../setup/events.ts';
import { expectSound, usageOf } from '../setup/invariants.ts';
import { addModel } from '../setup/model.ts';
import { setPlatform } from '../setup/settings.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld, testKeys } from '../setup/world.ts';

const world = await startWorld(
  { ARKLOOP_WORKER_CONCURRENCY: '2', ARKLOOP_WORKER_MIN_CONCURRENCY: '2', ARKLOOP_WORKER_MAX_CONCURRENCY: '2' },
  { worker: false },
);
await setPlatform(world, { 'llm.retry.base_delay_ms': 10 });
let logged = '';
const sink = new Writable({
  write(chunk, _encoding, done) {
    logged += chunk;
    done();
  },
});
const { config, database, databaseUrl, url, sql } = world;
const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'debug' }, sink) });
afterAll(() => worker.shutDown());

const noJobs = () => expect.poll(() => sql('select key from graphile_worker.jobs'), { timeout: 5_000 }).toEqual([]);
const addJob = (payload: object) => sql(`select graphile_worker.add_job('run.execute', payload := $1::json)`, [JSON.stringify(payload)]);

test('a job that is delivered again changes nothing: not while the run is executed, and not after its end', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  vendor.answers({ steps: [chat.text('one '), { wait: 600 }, chat.text('answer'), chat.stop(), chat.done] });
  const runId = await startRun(world, bob, await openThread(world, bob));
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  await addJob({ v: 1, run_id: runId });
  await queue.executeRun(database, { id: runId, account_id: bob.accountId, trace_id: 'f'.repeat(32) }, 25);
  await reader.ended;
  const events = await expectSound(world, runId, bob.token);
  await queue.executeRun(database, { id: runId, account_id: bob.accountId, trace_id: 'f'.repeat(32) }, 25);
  await addJob({ v: 1, run_id: runId });
  await noJobs();
  expect(await expectSound(world, runId, bob.token)).toEqual(events);
  expect(types(events).filter((type) => type === 'worker.job.received')).toHaveLength(1);
  expect(vendor.requests).toHaveLength(1);
  expect(await sql('select 1 from usage_records where run_id = $1', [runId])).toHaveLength(1);
  await vendor.close();
});

test('a run whose answer was complete when its worker died is ended without another question', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  vendor.answers(chat.answer('the ', 'answer'));
  const runId = await startRun(world, bob, await openThread(world, bob));
  const before = await readAll(url, runId, bob.token);
  const usage = await usageOf(world, runId);
  // Back to the moment between the last turn and the end.
  await sql('delete from messages where run_id = $1', [runId]);
  await sql('delete from usage_records where run_id = $1', [runId]);
  await sql('delete from run_events where run_id = $1 and seq = $2', [runId, before.length]);
  await sql(`update runs set status = 'running', next_seq = next_seq - 1, completed_at = null where id = $1`, [runId]);
  await queue.executeRun(database, { id: runId, account_id: bob.accountId, trace_id: 'f'.repeat(32) }, 25);
  await readAll(url, runId, bob.token);
  const events = await expectSound(world, runId, bob.token);
  expect(events.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
  expect(types(events).slice(before.length - 1)).toEqual(['worker.job.received', 'run.recovered', 'run.completed']);
  const { message_id: _, ...ending } = before.at(-1)!.data as Record<string, unknown>;
  expect(events.at(-1)?.data).toMatchObject(ending);
  expect(vendor.requests).toHaveLength(1);
  expect(await usageOf(world, runId)).toEqual(usage);
  await vendor.close();
});

test('a job for a run that does not exist, or in a form of the future, is put away', async () => {
  await addJob({ v: 1, run_id: randomUUID() });
  await addJob({ v: 2, run_id: randomUUID() });
  await addJob({ v: 1 });
  await noJobs();
});

test('no more runs are executed at once than there are slots', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  const threads = await Promise.all(Array.from({ length: 6 }, () => openThread(world, bob)));
  vendor.answers(...threads.map(() => ({ steps: [{ wait: 250 }, ...chat.answer('x').steps!] })));
  const runs = await Promise.all(threads.map((threadId) => startRun(world, bob, threadId)));
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, vendor.requests.filter(({ closed }) => !closed).length);
  }, 5);
  await Promise.all(runs.map((runId) => readAll(url, runId, bob.token)));
  clearInterval(watch);
  expect(most).toBe(2);
  for (const runId of runs) expect((await expectSound(world, runId, bob.token)).at(-1)?.type).toBe('run.completed');
  await vendor.close();
});

test('neither the key nor the words of a conversation are logged', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  const echo = chat.failure(503, { message: 'key sk-test-canary of bearer sk-test-canary' }, { 'x-echo': 'sk-test-canary' });
  vendor.answers(echo, { steps: [chat.text('private answer'), 'cut'] }, chat.answer('private answer'));
  const runId = await startRun(world, bob, await openThread(world, bob, 'private question'));
  await readAll(url, runId, bob.token);
  expect((await expectSound(world, runId, bob.token)).at(-1)?.type).toBe('run.completed');
  expect(logged).not.toBe('');
  for (const word of ['sk-test-canary', 'private answer', 'private question']) expect(logged).not.toContain(word);
  await vendor.close();
});
