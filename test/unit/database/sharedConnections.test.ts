import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { activePools, openDatabase } from '../../../server/database/database.ts';
import type { Database } from '../../../server/database/sql.ts';
import { type Builder, type Parameters, statement } from '../../../server/database/statement.ts';
import { freshDatabase } from '../../support/app/testApp.ts';

const url = await freshDatabase();

function open(max = 4): Database {
  const log = { debug: () => {}, warn: () => {} } as never;
  const database = openDatabase(url, { max, log, applicationName: 'arkloop test' });
  onTestFinished(() => database.close());
  return database;
}

const backend = sql<number>`pg_backend_pid()`.as('pid');
const short = statement<{ n: unknown }>({ isShort: true })((db, $) =>
  db.selectNoFrom([backend, sql<unknown>`${$.n}::jsonb`.as('n'), sql<number>`6 / (${$.n}::jsonb)::int`.as('result')]),
);
const lock = (db: Builder, $: Parameters<{ key: number }>) =>
  db.selectNoFrom([backend, sql<string>`pg_advisory_xact_lock(${$.key})::text`.as('locked')]);
const long = statement<{ key: number }>()(lock);
const shortButSlow = statement<{ key: number }>({ isShort: true })(lock);
const readShort = (database: Database, numbers: readonly number[]) =>
  Promise.all(numbers.map(async (n) => (await database.row(short, { n }))!));
const waitingIn = ({ pool }: Database) => [...activePools].find((each) => each.pool === pool)!.waiting();
const pidsOf = (rows: readonly { pid: number }[]) => new Set(rows.map(({ pid }) => pid));
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

test('short statements of one turn share a connection, at most 16 of them, and each gets its own rows', async () => {
  const database = open();
  const rows = await readShort(database, upTo(20));
  expect(rows.map(({ n }) => n)).toEqual(upTo(20));
  expect(pidsOf(rows.slice(0, 16)).size).toBe(1);
  expect(pidsOf(rows).size).toBe(2);
  expect(pidsOf(await readShort(database, upTo(16))).size).toBe(1);
});

/** Other databases of the server have advisory locks as well. */
const ungranted = `where locktype = 'advisory' and objid = $1 and not granted
  and database = (select oid from pg_database where datname = current_database())`;

/** Locks a key until `unlock` is called. `waiting` is the number of statements that wait for it. */
async function lockKey(key: number) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('select pg_advisory_lock($1)', [key]);
  const waiting = async () => (await client.query(`select from pg_locks ${ungranted}`, [key])).rowCount;
  return { client, waiting, unlock: () => client.query('select pg_advisory_unlock($1)', [key]) };
}

test('other statements have a connection each and run at the same time', async () => {
  const database = open();
  const { waiting, unlock } = await lockKey(1);
  const rows = Promise.all(upTo(4).map(() => database.row(long, { key: 1 })));
  await expect.poll(waiting).toBe(4);
  await unlock();
  expect(pidsOf((await rows) as { pid: number }[]).size).toBe(4);
});

test('a later turn does not wait for the statements of an earlier one', async () => {
  const database = open(2);
  const { waiting, unlock } = await lockKey(2);
  const slow = database.row(shortButSlow, { key: 2 });
  await expect.poll(waiting).toBe(1);
  const later = await readShort(database, [1, 2]);
  expect(await waiting()).toBe(1);
  await unlock();
  expect(pidsOf([...later, (await slow)!]).size).toBe(2);
});

test('statements that wait for a connection of the pool are sent together', async () => {
  const database = open(1);
  const { waiting: locked, unlock } = await lockKey(3);
  const busy = database.row(long, { key: 3 });
  await expect.poll(locked).toBe(1);
  const waiting: Promise<{ pid: number }[]>[] = [];
  for (const n of upTo(5)) {
    await sleep(10);
    waiting.push(readShort(database, [n]));
  }
  expect(waitingIn(database)).toBe(1);
  await unlock();
  await busy;
  expect(pidsOf((await Promise.all(waiting)).flat()).size).toBe(1);
});

test('an error of one statement, in PostgreSQL or in its values, does not affect the others and keeps the connection', async () => {
  const database = open(1);
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const [before] = await readShort(database, [1]);
  const settled = await Promise.allSettled([1, 0, circular, 3].map((n) => database.row(short, { n })));
  expect(settled.map((each) => (each.status === 'fulfilled' ? each.value?.result : String(each.reason)))).toEqual([
    6,
    expect.stringContaining('division by zero'),
    expect.stringContaining('circular'),
    2,
  ]);
  const [after] = await readShort(database, [1]);
  expect(after).toEqual(before);
});

test('a lost connection fails the statements that it has taken, and the next ones get a new one', async () => {
  const database = open(2);
  const { client, waiting } = await lockKey(4);
  const taken = Promise.allSettled([database.row(shortButSlow, { key: 4 }), database.row(short, { n: 1 })]);
  await expect.poll(waiting).toBe(1);
  await client.query(`select pg_terminate_backend(pid) from pg_locks ${ungranted}`, [4]);
  expect((await taken).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((await readShort(database, [2]))[0]!.result).toBe(3);
});

test('a failed connection fails the statements that wait for it', async () => {
  const log = { debug: () => {}, warn: () => {} } as never;
  const database = openDatabase('postgres://nobody:x@127.0.0.1:1/none', { max: 1, log, applicationName: 'arkloop test' });
  onTestFinished(() => database.close());
  const settled = await Promise.allSettled(upTo(3).map((n) => database.row(short, { n })));
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(database.pool.totalCount).toBe(0);
});

test('in a transaction, a short statement runs on the connection of the transaction', async () => {
  const database = open(2);
  const pids = await database.transaction(async (tx) => [(await tx.row(long, { key: 5 }))!.pid, (await tx.row(short, { n: 1 }))!.pid]);
  expect(new Set(pids).size).toBe(1);
});

test('statements of a transaction that were sent together with one that fails are not executed, and the connection stays usable', async () => {
  const database = open(1);
  const [before] = await readShort(database, [1]);
  let settled: PromiseSettledResult<unknown>[] = [];
  const work = database.transaction(async (tx) => {
    settled = await Promise.allSettled([tx.row(short, { n: 0 }), tx.row(long, { key: 6 })]);
  });
  await expect(work).rejects.toThrow('nothing was committed');
  expect(settled).toMatchObject([{ reason: { code: '22012' } }, { reason: { code: '25P02' } }]);
  // PostgreSQL has not seen the second statement.
  expect((await database.row(long, { key: 6 }))!.pid).toBe(before!.pid);
});

test('a transaction fails with its first error, also if a later packet names a statement that was to be prepared behind it', async () => {
  const database = open(1);
  const turn = () => new Promise<void>((done) => process.nextTick(done));
  const work = database.transaction(async (tx) => {
    await tx.row(short, { n: 1 });
    tx.awaitAtCommit(tx.row(short, { n: 0 }));
    tx.awaitAtCommit(tx.row(long, { key: 8 }));
    await turn();
    await turn();
    // Sent before the answer to the packet that has failed.
    await tx.row(long, { key: 9 });
  });
  await expect(work).rejects.toMatchObject({ code: '22012' });
  expect(await database.row(long, { key: 8 })).toMatchObject({ locked: '' });
});

test('a transaction fails with its first error, and not with that of a statement behind it which is rejected before', async () => {
  const database = open(1);
  const sent = () => database.transaction(async (tx) => void (await Promise.all([tx.row(short, { n: 0 }), tx.row(long, { key: 10 })])));
  await expect(sent()).rejects.toMatchObject({ code: '22012' });
});
