import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { flushText } from '../../../server/database/connection/sharedFlushes.ts';
import { openDatabase } from '../../../server/database/database.ts';
import { type Builder, type Parameters, statement } from '../../../server/database/statement.ts';
import { freshDatabase } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';

const url = await freshDatabase();
const client = new pg.Client({ connectionString: url });
await client.connect();
afterAll(() => client.end());
await client.query(`create table written (n int);
  create function write_row(n int) returns text language sql as 'insert into written values (n); select pg_current_wal_insert_lsn()::text'`);

const write = (db: Builder, $: Parameters<{ n: number }>) => db.selectNoFrom(sql<string>`write_row(${$.n}::int)`.as('lsn'));
const insert = statement<{ n: number }>()(write);
const insertSynchronously = statement<{ n: number }>({ needsSynchronousCommit: true })(write);

async function openForFlushes() {
  const applicationName = `arkloop flushes ${Math.random()}`;
  const database = openDatabase(url, { max: 4, log: { debug() {}, warn() {} } as never, applicationName });
  onTestFinished(() => database.close());
  const write = (n: number, own = insert, options = {}) => database.transaction(async (tx) => (await tx.row(own, { n }))!, options);
  /** The process of PostgreSQL that flushes, and when it did so last. */
  async function lastFlush() {
    const { rows } = await client.query<{ pid: number; query_start: Date }>(
      `select pid, query_start from pg_stat_activity where application_name = $1 and query = $2`,
      [applicationName, flushText],
    );
    return rows[0];
  }
  // The first transactions that are open at once open its connection, which flushes once before transactions use it.
  const { pid } = await eventually(async () => {
    const before = await lastFlush();
    await Promise.all([write(0), write(0)]);
    const after = await lastFlush();
    return before && after && after.query_start > before.query_start ? after : undefined;
  }, 'a flush of transactions');
  return { write, pid, lastFlush };
}

const written = async (...numbers: number[]) => (await client.query('select from written where n = any($1)', [numbers])).rowCount;

test('transactions that are open at once hold no locks while they wait for the disk, and are on disk when they resolve', async () => {
  const { write, pid } = await openForFlushes();
  process.kill(pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(pid, 'SIGCONT'));
  const resolved: number[] = [];
  const all = [1, 2, 3, 4, 5, 6].map(async (n) => {
    const row = await write(n);
    resolved.push(n);
    return row;
  });
  // More transactions than connections are committed, so they hold none.
  await expect.poll(() => written(1, 2, 3, 4, 5, 6)).toBe(6);
  expect(resolved).toEqual([]);
  // The events of a run are on disk before anybody can read them.
  await write(7, insertSynchronously);
  // A crash may take this back, so it waits for no disk.
  await write(8, insert, { mayBeLost: true });
  expect(resolved).toEqual([]);
  process.kill(pid, 'SIGCONT');
  for (const { lsn } of await Promise.all(all)) {
    const { rows } = await client.query('select pg_current_wal_flush_lsn() >= $1::pg_lsn as flushed', [lsn]);
    expect(rows).toEqual([{ flushed: true }]);
  }
});

test('a transaction alone waits for its own commit', async () => {
  const { write, lastFlush } = await openForFlushes();
  const before = await lastFlush();
  await write(9);
  expect(await lastFlush()).toEqual(before);
});
