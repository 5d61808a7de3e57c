import type { Database } from '../database/sql.ts';
import { errorCodeOf } from '../platform/operatorError.ts';
import type { Log } from '../platform/telemetry/log.ts';

/** A range of ids: `from` inclusive, `to` exclusive. */
type Partition = { table: 'access_log' | 'run_events'; column: 'id' | 'run_id'; name: string; from: string; to: string };

/** Creates a partition. If the default partition already has rows of the range, they and all later rows of it stay there. */
export async function createPartition({ pool }: Database, { table, column, name, from, to }: Partition, log: Log): Promise<void> {
  const inDefault = `select from ${table}_default where ${column} >= '${from}' and ${column} < '${to}' limit 1`;
  if ((await pool.query(inDefault)).rowCount) return log.info({ partition: name }, 'rows of this time are kept in the default partition');
  try {
    await pool.query(`create table if not exists ${name} partition of ${table} for values from ('${from}') to ('${to}')`);
  } catch (err) {
    if (!madeMeanwhile.has(errorCodeOf(err) ?? ''))
      log.warn({ err, partition: name }, 'a partition was not made; its rows go to the default one');
  }
}

/** Another process created the table (42P07) or its type (23505, 42710), or inserted a row of the range (23514), at the same time. */
const madeMeanwhile = new Set(['42P07', '23505', '42710', '23514']);
