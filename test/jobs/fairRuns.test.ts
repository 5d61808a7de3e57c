import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { queue } from '../../server/jobs/queue.ts';
import { startWorker } from '../../server/processes/worker.ts';
import { type Person, startTestApp, testKeys } from '../support/app/testApp.ts';
import { eventually, openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp(
  { ARKLOOP_WORKER_CONCURRENCY: '1', ARKLOOP_WORKER_MIN_CONCURRENCY: '1', ARKLOOP_WORKER_MAX_CONCURRENCY: '1' },
  { worker: false },
);
const { config, database, databaseUrl, sql } = app;

/** Queues a run, and `more` runs like it. Returns its ID. */
async function queueRuns(person: Person, more: number): Promise<string> {
  const id = await startRun(app, person, await openThread(app, person));
  // A thread has at most one open root run.
  const copies = await sql(
    `with others as (
       insert into threads select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).*
       from runs r join threads t on t.id = r.thread_id, generate_series(1, $2) where r.id = $1 returning id)
     insert into runs select (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'thread_id', others.id,
       'created_at', clock_timestamp()))).*
     from runs r, others where r.id = $1 returning id, account_id, trace_id`,
    [id, more],
  );
  for (const copy of copies) await queue.enqueueRun(database, copy as never, 3);
  return id;
}

test('the queued runs of an account do not delay those of another by more than the run of its turn', async () => {
  const [alice, bob] = [await app.signUp(), await app.signUp()];
  const first = await queueRuns(alice, 200);
  const bobs = await queueRuns(bob, 2);
  const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
  onTestFinished(() => worker.shutDown());
  const isStarted = 'account_id = (select account_id from runs where id = $1) and first_started_at is not null';
  await eventually(async () => {
    const [row] = await sql(`select count(*)::int as count from runs where ${isStarted}`, [bobs]);
    return row?.count === 3;
  }, 'the start of the runs');
  const before = await sql(
    `select id from runs where ${isStarted} and first_started_at < (select max(first_started_at) from runs where account_id =
       (select account_id from runs where id = $2)) order by first_started_at`,
    [first, bobs],
  );
  // One for each turn, and one that a slot can take between two turns.
  expect(before.length).toBeLessThanOrEqual(6);
  expect(before[0]).toEqual({ id: first });
});
