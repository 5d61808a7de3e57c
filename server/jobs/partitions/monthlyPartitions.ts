import { sql } from 'kysely';
import type { Database } from '../../database/sql.ts';
import { sqlStatement } from '../../database/statement.ts';
import { firstIdOf } from '../../platform/crypto/ids.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { createPartition, dropPartition, partitionsOf } from './partitions.ts';

export const monthStart = (from: Date, offset: number): Date => new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + offset, 1));

type MonthlyTable = { table: 'audit_logs'; column: 'id' } | { table: 'run_events'; column: 'run_id' };
type Upkeep = { database: Database; log: Log };

const nameOf = (table: MonthlyTable['table'], month: Date) => `${table}_${month.toISOString().slice(0, 7).replace('-', '_')}`;

/** Creates the partitions of this month and the next two, of months in UTC by the time in an id. Returns the names of those before this month. */
async function makeMonths({ table, column }: MonthlyTable, { database, log }: Upkeep, now: Date): Promise<string[]> {
  const existing = await partitionsOf(database, table);
  for (const offset of [0, 1, 2]) {
    const [from, to] = [monthStart(now, offset), monthStart(now, offset + 1)];
    const name = nameOf(table, from);
    if (!existing.has(name)) await createPartition(database, { table, column, name, from: firstIdOf(from), to: firstIdOf(to) }, log);
  }
  return [...existing].filter((name) => /_\d{4}_\d{2}$/.test(name) && name < nameOf(table, now)).sort();
}

// A template, because the default partition has no table type. In the order of the index, so that the limit ends the scan.
const forgetRest = sqlStatement<{ oldestId: string; limit: number }>()(
  ($) => sql`delete from run_events_default where ctid = any (array(
    select ctid from run_events_default where run_id < ${$.oldestId} order by run_id limit ${$.limit}))`,
);
const batch = 5_000;

/**
 * Events are in partitions by the id of their run. Drops those older than `months` months, and older events in the default partition. With
 * `dropEmpty`, also partitions of earlier months whose events are all archived.
 */
export async function maintainEventPartitions(
  { months, dropEmpty = false, ...upkeep }: Upkeep & { months: number; dropEmpty?: boolean },
  now = new Date(),
): Promise<void> {
  const { database, log } = upkeep;
  const past = await makeMonths({ table: 'run_events', column: 'run_id' }, upkeep, now);
  const oldest = monthStart(now, -months);
  for (const name of past) {
    if (name < nameOf('run_events', oldest)) await dropPartition(database, { table: 'run_events', name }, log);
    else if (dropEmpty) await dropPartition(database, { table: 'run_events', name, unless: 'true' }, log);
  }
  while ((await database.run(forgetRest, { oldestId: firstIdOf(oldest), limit: batch })) === batch);
}

/**
 * The audit log is in partitions by the id of an entry. Drops those without entries of the last `days` days; 0 means that all are kept. Older
 * entries in the others are deleted with the expired rows.
 */
export async function maintainAuditPartitions({ days, ...upkeep }: Upkeep & { days: number }, now = new Date()): Promise<void> {
  const past = await makeMonths({ table: 'audit_logs', column: 'id' }, upkeep, now);
  if (days === 0) return;
  const oldest = new Date(now.getTime() - days * 86_400_000);
  // The condition on the action is always true. It is that of the index.
  const unless = `created_at >= '${oldest.toISOString()}' and action > ''`;
  for (const name of past)
    if (name < nameOf('audit_logs', oldest)) await dropPartition(upkeep.database, { table: 'audit_logs', name, unless }, upkeep.log);
}
