import { sql } from 'kysely';
import type { PoolClient } from 'pg';
import { orNow } from '../../database/connection/clock.ts';
import type { Database } from '../../database/sql.ts';
import { sqlStatement } from '../../database/statement.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';
import type { Log } from '../../platform/telemetry/log.ts';

export type PartitionedTable = 'access_log' | 'audit_logs' | 'run_events';

// Templates, because the catalog has no table types.
const selectPartitions = sqlStatement<{ table: PartitionedTable }>({ bound: 'schema' })<{ name: string }>(
  ($) => sql`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = ${$.table}::regclass`,
);
const selectTime = sqlStatement<{ at: string | null }>()<{ time: string }>(($) => sql`select ${orNow($.at)} as time`);

/** The names of the partitions of a table, with its default partition. */
export const partitionsOf = async (database: Database, table: PartitionedTable): Promise<Set<string>> =>
  new Set((await database.rows(selectPartitions, { table })).map(({ name }) => name));

/** The time of PostgreSQL. Tests give another. */
export const timeOf = async (database: Database, at?: Date): Promise<Date> =>
  new Date((await database.row(selectTime, { at: at?.toISOString() ?? null }))!.time);

/** A range of ids: `from` inclusive, `to` exclusive. */
type Partition = { table: PartitionedTable; column: 'id' | 'run_id'; name: string; from: string; to: string };

/**
 * How long a change of the partitions waits for statements that use the table, at most. Meanwhile, all others wait behind it. The next housekeeping
 * tries again; partitions are created months ahead.
 */
const maxWait = '1s';
/** How long the search of a partition for its newest row may take. It locks nothing. */
const maxSearch = '10min';

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

type Query = (text: string) => Promise<{ rowCount: number | null }>;
const hasRow = async (query: Query, name: string, condition: string): Promise<boolean> =>
  ((await query(`select from ${name} where ${condition} limit 1`)).rowCount ?? 0) > 0;

/** Another process may have dropped the table meanwhile. */
async function unlessMissing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (errorCodeOf(error) !== tableMissing) throw error;
  }
}

type Place = { table: PartitionedTable; name: string };

/**
 * Drops a partition if it has no rows. Locks the table before the partition, in the order of inserts: in the opposite order, the two would wait for
 * each other.
 */
export const dropEmptyPartition = (database: Database, { table, name }: Place, log: Log): Promise<void> =>
  unlessMissing(async () => {
    if (await hasRow((text) => database.pool.query(text), name, 'true')) return;
    const isDone = await changePartitions(database, async (client) => {
      await client.query(`lock table ${table} in access exclusive mode`);
      if (!(await hasRow((text) => client.query(text), name, 'true'))) await client.query(`drop table if exists ${name}`);
    });
    if (!isDone) log.info({ partition: name }, 'a partition was not dropped, because the table was in use');
  });

/** Whether a row satisfies a condition for which no index may exist. Also true if the table is locked. */
async function searchRow(database: Database, name: string, condition: string): Promise<boolean> {
  let isFound = false;
  const isDone = await changePartitions(database, async (client) => {
    await client.query(`set local statement_timeout = '${maxSearch}'`);
    isFound = await hasRow((text) => client.query(text), name, condition);
  });
  return isFound || !isDone;
}

/** The comment of a detached table: when it was detached, and the bounds it had. Backups leave such tables out. */
const detachedAt = 'detached at ';
const commentPattern = `^${detachedAt}(\\S+), (.*)$`;

const timeIn = (at: Date | undefined) => (at ? `'${at.toISOString()}'::timestamptz` : 'now()');

/**
 * Takes a partition out of its table, unless it has a row that satisfies `isNeeded`. Its rows cannot be read any more, but it can be attached again
 * as long as it is not dropped.
 */
export const detachPartition = (database: Database, { table, name }: Place, isNeeded: string, log: Log, at?: Date): Promise<void> =>
  unlessMissing(async () => {
    if (await searchRow(database, name, isNeeded)) return;
    const detach = `do $$
      declare
        bounds text := (select pg_get_expr(relpartbound, oid) from pg_class where oid = '${name}'::regclass and relispartition);
      begin
        if bounds is null then return; end if;
        alter table ${table} detach partition ${name};
        execute format('comment on table ${name} is %L',
          '${detachedAt}' || to_char(${timeIn(at)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ', ' || bounds);
      end $$`;
    const isDone = await changePartitions(database, async (client) => {
      await client.query(`lock table ${table} in access exclusive mode`);
      await client.query(detach);
    });
    if (isDone) log.info({ partition: name }, 'a partition is past its retention: it was detached, and is dropped after a day');
    else log.info({ partition: name }, 'a partition was not detached, because the table was in use');
  });

const selectDetached = sqlStatement<{ table: PartitionedTable; at: string | null }>({ bound: 'schema' })<{
  name: string;
  bounds: string;
  is_due: boolean;
  is_in_future: boolean;
}>(
  ($) => sql`
  select d.name, d.noted[2] as bounds, d.noted[1]::timestamptz <= ${orNow($.at)} - interval '1 day' as is_due,
    d.noted[1]::timestamptz > ${orNow($.at)} as is_in_future
  from (select c.relname as name, regexp_match(obj_description(c.oid, 'pg_class'), ${sql.lit(commentPattern)}) as noted
    from pg_class c join pg_class p on p.oid = ${$.table}::regclass and p.relnamespace = c.relnamespace
    where c.relkind = 'r' and not c.relispartition and c.relname ~ ('^' || ${$.table} || '[0-9_]+$')) d
  where d.noted is not null order by d.name`,
);

/** The detached partitions of a table that were not dropped yet. `is_due`: they were detached more than a day ago. */
export const detachedPartitionsOf = (database: Database, table: PartitionedTable, at?: Date) =>
  database.rows(selectDetached, { table, at: at?.toISOString() ?? null });

/** Drops a partition that was detached more than a day ago, unless it has a row that satisfies `isNeeded`. Then it returns false. */
export async function dropDetached(database: Database, name: string, isNeeded: string, log: Log, at?: Date): Promise<boolean> {
  let isKept = false;
  const drop = `do $$
    declare
      noted text := (regexp_match(obj_description('${name}'::regclass, 'pg_class'), '${commentPattern}'))[1];
    begin
      if noted::timestamptz <= ${timeIn(at)} - interval '1 day' then drop table ${name}; end if;
    end $$`;
  await unlessMissing(async () => {
    isKept = await searchRow(database, name, isNeeded);
    if (!isKept && (await changePartitions(database, async (client) => void (await client.query(drop)))))
      log.info({ partition: name }, 'a partition that was detached a day ago was dropped');
  });
  return !isKept;
}

/** Attaches a detached partition again, with the rows of its range that were written to the default partition meanwhile. */
export async function attachPartition(
  database: Database,
  { table, name, bounds }: Place & { bounds: string },
  range: Pick<Partition, 'column' | 'from' | 'to'>,
  log: Log,
): Promise<void> {
  const { column, from, to } = range;
  const attach = `do $$
    begin
      if (select relispartition from pg_class where oid = '${name}'::regclass) then return; end if;
      with moved as (delete from ${table}_default where ${column} >= '${from}' and ${column} < '${to}' returning *)
        insert into ${name} select * from moved;
      alter table ${table} attach partition ${name} ${bounds};
      comment on table ${name} is null;
    end $$`;
  try {
    const isDone = await changePartitions(database, async (client) => {
      await client.query(`lock table ${table} in access exclusive mode`);
      await client.query(attach);
    });
    if (isDone) log.warn({ partition: name }, 'a partition that was detached is attached again');
  } catch (err) {
    log.error({ err, partition: name }, 'a detached partition could not be attached again');
  }
}
