import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startWorker } from '../../server/processes/worker.ts';
import { startTestApp, testKeys } from '../support/app/testApp.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const { config, database, databaseUrl, sql } = app;
const start = () => startWorker({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
const jobs = () => sql('select task_identifier, attempts, locked_at from graphile_worker.jobs order by id');

test('a worker that cannot start takes no job, and leaves no connection that could', async () => {
  const alice = await app.signUp();
  await startRun(app, alice, await openThread(app, alice));
  const queued = await jobs();
  expect(queued).toContainEqual({ task_identifier: 'run.execute', attempts: 0, locked_at: null });
  await sql('alter table workers rename to workers_elsewhere');
  await expect(start()).rejects.toThrow('"workers" does not exist');
  // Longer than a job runner needs to take a job.
  await sleep(2 * config.workerPollSeconds * 1_000);
  expect(await jobs()).toEqual(queued);
  expect(
    await sql(`select application_name from pg_stat_activity where datname = current_database() and application_name = 'arkloop jobs'`),
  ).toEqual([]);
  await sql('alter table workers_elsewhere rename to workers');
  const worker = await start();
  await expect.poll(jobs).toEqual([]);
  await worker.shutDown();
});
