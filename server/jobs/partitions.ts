import type { Log } from '../kernel/log.ts';
import { codeOf } from '../kernel/operatorError.ts';
import type { Database } from '../kernel/sql.ts';

/** A part of a table by ids, from the first on and before the second. */
type Partition = { table: 'access_log' | 'run_events'; column: 'id' | 'run_id'; name: string; from: string; to: string };

/** Makes a partition. Rows of it that already lie in the default partition stay there, and those that follow go there, too. */
export async function makePartition({ pool }: Database, { table, column, name, from, to }: Partition, log: Log): Promise<void> {
  const inDefault = `select from ${table}_default where ${column} >= '${from}' and ${column} < '${to}' limit 1`;
  if ((await pool.query(inDefault)).rowCount) return log.info({ partition: name }, 'rows of this time are kept in the default partition');
  try {
    await pool.query(`create table if not exists ${name} partition of ${table} for values from ('${from}') to ('${to}')`);
  } catch (err) {
    if (!madeMeanwhile.has(codeOf(err) ?? ''))
      log.warn({ err, partition: name }, 'a partition was not made; its rows go to the default one');
  }
}

/** By another process that started at the same time: the table or its type was made, or a row of it came. */
const madeMeanwhile = new Set(['42P07', '23505', '42710', '23514']);
