import { beforeAll, expect, test } from 'vitest';
import { creditCalls, expectSoundBalances, operationRows } from '../setup/creditOperations.ts';
import { addCrowd } from '../setup/crowd.ts';
import { quickWorker, sameKeys, startProcess } from '../setup/process.ts';
import { counter } from '../setup/race.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld(quickWorker, { worker: false });
const { sql, signUp, promote, database } = world;
const admin = await signUp();
const { bulk, reset, read, ended } = creditCalls(world, admin);
const startWorkerProcess = () => startProcess('worker', { ...quickWorker, ...sameKeys, ARKLOOP_DATABASE_URL: world.databaseUrl });
beforeAll(async () => {
  await promote(admin);
  await addCrowd(sql, 6_000);
  await bulk({ amount: 5 });
});

/** Makes an operation wait for the account at this place, until released. */
async function blockAt(place: number) {
  const client = await database.pool.connect();
  await client.query('begin');
  await client.query(
    `select 1 from credit_balances where account_id = (select id from accounts order by id offset $1 limit 1) for update`,
    [place],
  );
  const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return {
    reached: () => expect.poll(() => counter(world)(waiting), { timeout: 20_000 }).toBeGreaterThan(0),
    async release() {
      await client.query('rollback');
      client.release();
    },
  };
}

test('workers killed in the middle of an operation are replaced, and every account changes once', async () => {
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
    // Its last batch is still at the database, and commits or not as that decides.
    expect((await read(id)).body).toMatchObject({ state: 'running', done: Math.floor(place / 1_000) * 1_000 });
    await block.release();
  }
  const last = await startWorkerProcess();
  expect(await ended(id)).toMatchObject({ total, done: total, affected: total, failed: 0 });
  expect(await operationRows(world, id)).toEqual({ rows: total, accounts: total, sum: 100 * total, longest: 1_000 });
  await expectSoundBalances(world);
  last.kill('SIGTERM');
  expect(await last.exited).toEqual({ code: 0, signal: null });
}, 120_000);

test('a worker that is asked to stop leaves the rest to another, and one whose job is gone is queued again', async () => {
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
  expect(await operationRows(world, id)).toMatchObject({ rows: total, accounts: total });
  await expectSoundBalances(world);
  heir.kill('SIGTERM');
  await heir.exited;
}, 120_000);
