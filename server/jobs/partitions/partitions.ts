import { sql } from 'kysely';
import type { PoolClient } from 'pg';
import type { Database } from '../../database/sql.ts';
import { sqlStatement } from '../../database/statement.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';
import type { Log } from '../../platform/telemetry/log.ts';

type PartitionedTable = 'access_log' | 'audit_logs' | 'run_events';

// A template, because the catalog has no table types.
const selectPartitions = sqlStatement<{ table: PartitionedTable }>()<{ name: string }>(
  ($) => sql`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = ${$.table}::regclass`,
);

/** The names of the partitions of a table, with its default partition. */
export const partitionsOf = async (database: Database, table: PartitionedTable): Promise<Set<string>> =>
  new Set((await database.rows(selectPartitions, { table })).map(({ name }) => name));

/** A range of ids: `from` inclusive, `to` exclusive. */
type Partition = { table: PartitionedTable; column: 'id' | 'run_id'; name: string; from: string; to: string };

/**
 * How long a change of the partitions waits for statements that use the table, at most. Meanwhile, all others wait behind it. The next housekeeping
 * tries again; partitions are created months ahead.
 */
const maxWait = '1s';

/** Runs statements in a transaction. `false` if it could not get a lock in time. */
async function changePartitions({ pool }: Database, work: (client: PoolClient) => Promise<void>): Promise<boolean> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`begin; set local lock_timeout = '${maxWait}'`);
    await work(client);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback').catch((failed: Error) => {
      broken = failed;
    });
    if (errorCodeOf(error) !== lockNotAvailable) throw error;
    return false;
  } finally {
    client.release(broken);
  }
}

const lockNotAvailable = '55P03';
const tableMissing = '42P01';

/** Creates a partition. If the default partition already has rows of the range, they and all later rows of it stay there. */
export async function createPartition(database: Database, { table, column, name, from, to }: Partition, log: Log): Promise<void> {
  const inDefault = `select from ${table}_default where ${column} >= '${from}' and ${column} < '${to}' limit 1`;
  if ((await database.pool.query(inDefault)).rowCount)
    return log.info({ partition: name }, 'rows of this time are kept in the default partition');
  const create = `create table if not exists ${name} partition of ${table} for values from ('${from}') to ('${to}')`;
  try {
    const isDone = await changePartitions(database, async (client) => void (await client.query(create)));
    if (!isDone) log.info({ partition: name }, 'a partition was not made, because the table was in use');
  } catch (err) {
    if (!madeMeanwhile.has(errorCodeOf(err) ?? ''))
      log.warn({ err, partition: name }, 'a partition was not made; its rows go to the default one');
  }
}

/** Another process created the table (42P07) or its type (23505, 42710), or inserted a row of the range (23514), at the same time. */
const madeMeanwhile = new Set(['42P07', '23505', '42710', '23514']);

/**
 * Drops a partition. With `unless`, a condition in SQL, only if no row satisfies it. Locks the table before the partition, in the order of inserts:
 * in the opposite order, the two would wait for each other.
 */
export async function dropPartition(
  database: Database,
  { table, name, unless }: Pick<Partition, 'table' | 'name'> & { unless?: string },
  log: Log,
): Promise<void> {
  const isNeeded = async ({ query }: { query(text: string): Promise<{ rowCount: number | null }> }) =>
    unless !== undefined && ((await query(`select from ${name} where ${unless} limit 1`)).rowCount ?? 0) > 0;
  try {
    if (await isNeeded({ query: (text) => database.pool.query(text) })) return;
    const isDone = await changePartitions(database, async (client) => {
      await client.query(`lock table ${table} in access exclusive mode`);
      if (!(await isNeeded({ query: (text) => client.query(text) }))) await client.query(`drop table if exists ${name}`);
    });
    if (!isDone) log.info({ partition: name }, 'a partition was not dropped, because the table was in use');
  } catch (error) {
    // Another process dropped it.
    if (errorCodeOf(error) !== tableMissing) throw error;
  }
}
