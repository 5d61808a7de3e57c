import { firstIdOf } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { type Database, statement } from '../kernel/sql.ts';
import { makePartition } from './partitions.ts';

const dayMs = 86_400_000;
const dayStart = (from: Date, offset: number) => new Date((Math.floor(from.getTime() / dayMs) + offset) * dayMs);
const partitionName = (day: Date) => `access_log_${day.toISOString().slice(0, 10).replaceAll('-', '_')}`;

const selectPartitions = statement<{ name: string }>(
  `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'access_log'::regclass`,
);
const forgetRest = statement<never>('delete from access_log_default where id < $1');

/** The access log has one partition a day, by the time in its ids: those of today and the next two exist, those of more than `days` days ago go. */
export async function keepAccessLogPartitions(
  { database, days, log }: { database: Database; days: number; log: Log },
  now = new Date(),
): Promise<void> {
  const existing = new Set((await database.rows(selectPartitions)).map(({ name }) => name));
  for (const offset of [0, 1, 2]) {
    const [from, to] = [dayStart(now, offset), dayStart(now, offset + 1)];
    if (existing.has(partitionName(from))) continue;
    const bounds = { from: firstIdOf(from), to: firstIdOf(to) };
    await makePartition(database, { table: 'access_log', column: 'id', name: partitionName(from), ...bounds }, log);
  }
  const oldest = dayStart(now, -days);
  for (const name of existing) {
    if (/^access_log_\d{4}_\d{2}_\d{2}$/.test(name) && name < partitionName(oldest))
      await database.pool.query(`drop table if exists ${name}`);
  }
  await database.run(forgetRest, [firstIdOf(oldest)]);
}
