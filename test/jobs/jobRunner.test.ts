import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { startJobRunner } from '../../server/jobs/jobRunner.ts';
import { startTestApp } from '../support/app/testApp.ts';

const app = await startTestApp({}, { worker: false });
const { sql } = app;

const addJob = (task: string, ms: number) => sql(`select graphile_worker.add_job($1, payload := $2::json)`, [task, JSON.stringify({ ms })]);

test('a runner whose first query fails takes jobs once the database answers', async () => {
  const done = Promise.withResolvers<void>();
  const lines: string[] = [];
  await sql('alter table graphile_worker._private_tasks rename to tasks_elsewhere');
  const runner = await startJobRunner(
    {
      connectionString: app.databaseUrl,
      concurrency: 2,
      maxPoolSize: 3,
      pollInterval: 100,
      taskList: { first: async () => done.resolve() },
    },
    pino({ level: 'warn' }, { write: (line) => void lines.push(line) }),
  );
  onTestFinished(runner.stop);
  await expect.poll(() => lines.join('')).toContain('the job runner stopped and is started again');
  await sql('alter table graphile_worker.tasks_elsewhere rename to _private_tasks');
  await addJob('first', 0);
  await done.promise;
});

test('after results of several jobs could not be stored, jobs are still taken, and stopping does not wait', async () => {
  const done: number[] = [];
  const runner = await startJobRunner(
    {
      connectionString: app.databaseUrl,
      concurrency: 5,
      maxPoolSize: 6,
      pollInterval: 100,
      taskList: {
        test: async (payload) => {
          const { ms } = payload as { ms: number };
          await sleep(ms);
          done.push(ms);
        },
      },
    },
    pino({ level: 'silent' }),
  );
  onTestFinished(runner.stop);
  await sql(
    `create function fail() returns trigger language plpgsql as $$ begin raise exception 'no space left' using errcode = '53100'; end $$`,
  );
  await sql('create trigger fail before delete on graphile_worker._private_jobs for each row execute function fail()');
  // They end one after the other.
  for (const ms of [50, 150, 250, 350, 450]) await addJob('test', ms);
  await expect.poll(() => done.length).toBe(5);
  await sql('drop trigger fail on graphile_worker._private_jobs');
  await addJob('test', 1);
  await expect.poll(() => done).toContain(1);
  const began = Date.now();
  await runner.stop();
  expect(Date.now() - began).toTakeLessThan(4_000);
});

test('jobs that no notification announces are found by one slot and fill all slots at once, and an idle runner asks once per interval', async () => {
  // More than the slots would need if each of them polled.
  const [slots, pollInterval] = [8, 200];
  const release = Promise.withResolvers<void>();
  const startedAt: number[] = [];
  const runner = await startJobRunner(
    {
      ...{ connectionString: app.databaseUrl, concurrency: slots, maxPoolSize: slots + 1, pollInterval },
      taskList: {
        held: async () => {
          startedAt.push(performance.now());
          await release.promise;
        },
      },
    },
    pino({ level: 'silent' }),
  );
  onTestFinished(runner.stop);
  const asked = async () =>
    Number(
      (await sql(`select idx_scan + seq_scan as n from pg_stat_all_tables where relid = 'graphile_worker._private_jobs'::regclass`))[0]!.n,
    );
  // Statistics are written by idle connections after up to a second.
  await sleep(2_000);
  const before = await asked();
  await sleep(3_000);
  const asks = (await asked()) - before;
  expect(asks).toBeLessThan((slots / 2) * (3_000 / pollInterval));
  expect(asks).toBeGreaterThan(3);
  await sql(`select graphile_worker.add_job('held', run_at := now() + interval '500 ms') from generate_series(1, ${slots})`);
  await expect.poll(() => startedAt.length).toBe(slots);
  // With one slot for each interval it would take seven intervals.
  expect(startedAt.at(-1)! - startedAt[0]!).toTakeLessThan(3 * pollInterval);
  release.resolve();
});
