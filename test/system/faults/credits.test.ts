import { beforeAll, expect, test } from 'vitest';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { rowCounter } from '../../support/checks/race.ts';
import { creditCalls, expectConsistentBalances, operationRows } from '../../support/credits/creditOperations.ts';
import { addUsers } from '../../support/resources/broadcasts.ts';

const app = await startTestApp(fastWorkerEnv, { worker: false });
const { sql, signUp, promote, database } = app;
const admin = await signUp();
const { bulk, reset, read, ended } = creditCalls(app, admin);
const startWorkerProcess = () => startProcess('worker', { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl });
beforeAll(async () => {
  await promote(admin);
  await addUsers(sql, 6_000);
  await bulk({ amount: 5 });
});

/** Blocks an operation at the account with this offset until `release` is called. */
async function blockAt(place: number) {
  const client = await database.pool.connect();
  await client.query('begin');
  await client.query(
    `select 1 from credit_balances where account_id = (select id from accounts order by id offset $1 limit 1) for update`,
    [place],
  );
  const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return {
    reached: () => expect.poll(() => rowCounter(app)(waiting)).toBeGreaterThan(0),
    async release() {
      await client.query('rollback');
      client.release();
    },
  };
}

test('a credit operation survives killed workers and changes every account once', async () => {
  const first = await startWorkerProcess();
  const [{ id: preparing }] = await sql(`select id from credit_operations where state = 'running'`);
  await ended(preparing);
  first.kill('SIGTERM');
  await first.exited;

  const { id, total } = (await bulk({ amount: 100 })).body;
  for (const place of [2_500, 4_700]) {
    const block = await blockAt(place);
    const worker = await startWorkerProcess();
    await block.reached();
    worker.kill('SIGKILL');
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
    // The batch before ended at the locked account. The last one is still running in the database, and may or may not commit.
    expect((await read(id)).body).toMatchObject({ state: 'running', done: place });
    await block.release();
  }
  const last = await startWorkerProcess();
  expect(await ended(id)).toMatchObject({ total, done: total, affected: total, failed: 0 });
  expect(await operationRows(app, id)).toEqual({ rows: total, accounts: total, sum: 100 * total, longest: 1_000 });
  await expectConsistentBalances(app);
  last.kill('SIGTERM');
  expect(await last.exited).toEqual({ code: 0, signal: null });
});

test('a worker that shuts down leaves the rest to another, and an operation whose job is missing is queued again', async () => {
  const { id, total } = (await reset({})).body;
  const block = await blockAt(3_200);
  const worker = await startWorkerProcess();
  await block.reached();
  worker.kill('SIGTERM');
  await block.release();
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  await sql(`select graphile_worker.complete_jobs(array_agg(id)) from graphile_worker.jobs where key = $1`, [`credits:${id}`]);
  const heir = await startWorkerProcess();
  expect(await ended(id)).toMatchObject({ total, done: total, affected: total });
  expect(await operationRows(app, id)).toMatchObject({ rows: total, accounts: total });
  await expectConsistentBalances(app);
  heir.kill('SIGTERM');
  await heir.exited;
});
