import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { queue } from '../../../server/jobs/queue.ts';
import { startWorker } from '../../../server/processes/worker.ts';
import { recoverRuns } from '../../../server/runs/lease/reaper.ts';
import { type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp(
  {
    ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0',
    ARKLOOP_WORKER_CONCURRENCY: '1',
    ARKLOOP_WORKER_MIN_CONCURRENCY: '1',
    ARKLOOP_WORKER_MAX_CONCURRENCY: '1',
  },
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

const log = pino({ level: 'silent' });
const prioritiesOf = async (runId: string) => {
  const jobs = await sql(
    `select j.priority from graphile_worker.jobs j join runs r on j.key = 'run:' || r.id
     where r.account_id = (select account_id from runs where id = $1) order by r.created_at`,
    [runId],
  );
  return jobs.map(({ priority }) => priority);
};

test('accounts that have lost their turn get one, for their oldest run', async () => {
  const [alices, bobs] = [await queueRuns(await app.signUp(), 2), await queueRuns(await app.signUp(), 2)];
  // As if bob's first job had been canceled, or queued and taken at the same moment.
  await sql(
    `update graphile_worker._private_jobs set priority = 1
     where key in (select 'run:' || id from runs where account_id = (select account_id from runs where id = $1))`,
    [bobs],
  );
  expect([await prioritiesOf(alices), await prioritiesOf(bobs)]).toEqual([
    [0, 1, 1],
    [1, 1, 1],
  ]);
  await recoverRuns({ config, database, queue, log } as never);
  expect([await prioritiesOf(alices), await prioritiesOf(bobs)]).toEqual([
    [0, 1, 1],
    [0, 1, 1],
  ]);
  await sql(`select graphile_worker.complete_jobs(array_agg(id)) from graphile_worker._private_jobs`);
  await sql(`update runs set status = 'failed' where status = 'running'`);
});

test('all runs of two accounts end, while many are queued and taken at the same moment', async () => {
  const people = [await app.signUp(), await app.signUp()];
  const workers = await Promise.all(Array.from({ length: 4 }, () => startWorker({ config, keys: testKeys, database, databaseUrl, log })));
  onTestFinished(async () => void (await Promise.all(workers.map((worker) => worker.shutDown()))));
  const started = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const person = people[n % 2]!;
      const ids: string[] = [];
      for (let run = 0; run < 3; run++) ids.push(await startRun(app, person, await openThread(app, person)));
      return ids;
    }),
  );
  await eventually(async () => {
    const rows = await sql('select status, count(*)::int as count from runs where id = any($1) group by status', [started.flat()]);
    return rows.length === 1 && rows[0]?.status === 'completed' && rows[0].count === 60;
  }, 'the end of all runs');
});

test('the queued runs of an account do not delay those of another by more than the run of its turn', async () => {
  const [alice, bob] = [await app.signUp(), await app.signUp()];
  const first = await queueRuns(alice, 200);
  const bobs = await queueRuns(bob, 2);
  const worker = await startWorker({ config, keys: testKeys, database, databaseUrl, log });
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
