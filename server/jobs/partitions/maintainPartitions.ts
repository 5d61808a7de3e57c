import { sql } from 'kysely';
import { firstIdAt, monthsBefore, orNow } from '../../database/connection/clock.ts';
import type { Database } from '../../database/sql.ts';
import { sqlStatement } from '../../database/statement.ts';
import { firstIdOf } from '../../platform/crypto/ids.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import {
  attachPartition,
  createPartition,
  detachedPartitionsOf,
  detachPartition,
  dropDetached,
  dropEmptyPartition,
  type PartitionedTable,
  partitionsOf,
  timeOf,
} from './partitions.ts';

type Upkeep = { database: Database; log: Log };
/** `column`: the id whose time decides about the partition. `isNewer`: whether a row was written at a time or later. */
type Layout = { column: 'id' | 'run_id'; unit: 'month' | 'day'; isNewer: (time: string) => string };

const layouts: Readonly<Record<PartitionedTable, Layout>> = {
  run_events: { column: 'run_id', unit: 'month', isNewer: (time) => `created_at >= '${time}'` },
  // The condition on the action is always true. It is that of the index.
  audit_logs: { column: 'id', unit: 'month', isNewer: (time) => `created_at >= '${time}' and action > ''` },
  access_log: { column: 'id', unit: 'day', isNewer: (time) => `timestamp >= '${time}'` },
};
const partitionedTables = Object.keys(layouts) as PartitionedTable[];

const dayMs = 86_400_000;
const addDays = (time: Date, days: number) => new Date(time.getTime() + days * dayMs);

/** The start of the month or day (UTC) that is `offset` months or days after that of `time`. */
const periodStart = (unit: Layout['unit'], time: Date, offset = 0): Date =>
  unit === 'month'
    ? new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + offset, 1))
    : new Date((Math.floor(time.getTime() / dayMs) + offset) * dayMs);

const nameOf = (table: PartitionedTable, time: Date) =>
  `${table}_${time
    .toISOString()
    .slice(0, layouts[table].unit === 'month' ? 7 : 10)
    .replaceAll('-', '_')}`;

/** The ids of a partition, by its name. */
function rangeOf(table: PartitionedTable, name: string) {
  const { unit, column } = layouts[table];
  const [year, month, day = '01'] = name.slice(table.length + 1).split('_');
  const from = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return { column, from: firstIdOf(from), to: firstIdOf(periodStart(unit, from, 1)) };
}

/** Creates the partitions of the current period and the next two, of months or days in UTC by the time in an id. */
export async function createPartitions(
  { database, log, tables = partitionedTables }: Upkeep & { tables?: readonly PartitionedTable[] },
  at?: Date,
): Promise<void> {
  const now = await timeOf(database, at);
  for (const table of tables) {
    const existing = await partitionsOf(database, table);
    const detached = await detachedPartitionsOf(database, table);
    for (const offset of [0, 1, 2]) {
      const name = nameOf(table, periodStart(layouts[table].unit, now, offset));
      if (existing.has(name) || detached.some((each) => each.name === name)) continue;
      await createPartition(database, { table, name, ...rangeOf(table, name) }, log);
    }
  }
}

/** Rows that were written later than this after the retention began may be of a process with a wrong clock: their partition is kept. */
const maxLateDays = { run_events: 7, access_log: 1 };

type Retention = { now: Date; oldest: Date; isNeeded: string };

/**
 * Detaches the partitions of a table whose period ended before `oldest`, and drops them a day later. One that has newer rows, or is within the
 * retention after all, stays, or is attached again. Returns the names of the earlier partitions that are kept.
 */
async function removePartitions(
  { database, log }: Upkeep,
  table: PartitionedTable,
  { now, oldest, isNeeded }: Retention,
  at: Date | undefined,
): Promise<string[]> {
  const { unit } = layouts[table];
  const isBefore = (name: string, time: Date) => name < nameOf(table, periodStart(unit, time));
  for (const { name, bounds, is_due: isDue, is_in_future: isInFuture } of await detachedPartitionsOf(database, table, at)) {
    // A wrong clock has detached a partition in the future: its day begins anew.
    if (!isBefore(name, oldest) || isInFuture || (isDue && !(await dropDetached(database, name, isNeeded, log, at))))
      await attachPartition(database, { table, name, bounds }, rangeOf(table, name), log);
  }
  const pattern = unit === 'month' ? /_\d{4}_\d{2}$/ : /_\d{4}_\d{2}_\d{2}$/;
  const past = [...(await partitionsOf(database, table))].filter((name) => pattern.test(name) && isBefore(name, now)).sort();
  for (const name of past) if (isBefore(name, oldest)) await detachPartition(database, { table, name }, isNeeded, log, at);
  return past.filter((name) => !isBefore(name, oldest));
}

// Templates, because the default partitions have no table types. In the order of the index, so that the limit ends the scan.
const forgetEvents = sqlStatement<{ at: string | null; months: number; limit: number }>()(($) => {
  const oldest = monthsBefore(orNow($.at), $.months);
  return sql`delete from run_events_default where ctid = any (array(
    select ctid from run_events_default where run_id < ${firstIdAt(oldest)} and created_at < ${oldest} + ${sql.lit(maxLateDays.run_events)} * interval '1 day'
    order by run_id limit ${$.limit}))`;
});
const forgetLines = sqlStatement<{ at: string | null; days: number }>()(($) => {
  const oldest = sql<string>`((date_trunc('day', ${orNow($.at)} at time zone 'UTC') - ${$.days}::int * interval '1 day') at time zone 'UTC')`;
  return sql`delete from access_log_default where id < ${firstIdAt(oldest)}`;
});
const batch = 5_000;

/**
 * Events are in partitions by the id of their run. Removes those older than `months` months. With `dropEmpty`, also partitions of earlier months
 * whose events are all archived.
 */
export async function removeOldEvents(
  { months, dropEmpty = false, ...upkeep }: Upkeep & { months: number; dropEmpty?: boolean },
  at?: Date,
): Promise<void> {
  const { database, log } = upkeep;
  const now = await timeOf(database, at);
  const oldest = periodStart('month', now, -months);
  const isNeeded = layouts.run_events.isNewer(addDays(oldest, maxLateDays.run_events).toISOString());
  const kept = await removePartitions(upkeep, 'run_events', { now, oldest, isNeeded }, at);
  if (dropEmpty) for (const name of kept) await dropEmptyPartition(database, { table: 'run_events', name }, log);
  while ((await database.run(forgetEvents, { at: at?.toISOString() ?? null, months, limit: batch })) === batch);
}

/**
 * The audit log is in partitions by the id of an entry. Removes those without entries of the last `days` days; 0 means that all are kept. Older
 * entries in the others are deleted with the expired rows.
 */
export async function removeOldAuditLog({ days, ...upkeep }: Upkeep & { days: number }, at?: Date): Promise<void> {
  if (days === 0) return;
  const now = await timeOf(upkeep.database, at);
  const oldest = addDays(now, -days);
  await removePartitions(upkeep, 'audit_logs', { now, oldest, isNeeded: layouts.audit_logs.isNewer(oldest.toISOString()) }, at);
}

/** Removes the lines of the access log that are older than `days` days (UTC). */
export async function removeOldAccessLog({ days, ...upkeep }: Upkeep & { days: number }, at?: Date): Promise<void> {
  const { database } = upkeep;
  const now = await timeOf(database, at);
  const oldest = periodStart('day', now, -days);
  const isNeeded = layouts.access_log.isNewer(addDays(oldest, maxLateDays.access_log).toISOString());
  await removePartitions(upkeep, 'access_log', { now, oldest, isNeeded }, at);
  await database.run(forgetLines, { at: at?.toISOString() ?? null, days });
}
