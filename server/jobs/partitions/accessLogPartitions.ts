import { sql } from 'kysely';
import type { Database } from '../../database/sql.ts';
import { sqlStatement } from '../../database/statement.ts';
import { firstIdOf } from '../../platform/crypto/ids.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { createPartition, dropPartition, partitionsOf } from './partitions.ts';

const dayMs = 86_400_000;
const dayStart = (from: Date, offset: number) => new Date((Math.floor(from.getTime() / dayMs) + offset) * dayMs);
const partitionName = (day: Date) => `access_log_${day.toISOString().slice(0, 10).replaceAll('-', '_')}`;

// A template, because the default partition has no table type.
const forgetRest = sqlStatement<{ oldestId: string }>()(($) => sql`delete from access_log_default where id < ${$.oldestId}`);

/**
 * The access log has one partition per day (UTC), by the time in its ids. Creates those of today and the next two days,
 * and drops those older than `days` days.
 */
export async function maintainAccessLogPartitions(
  { database, days, log }: { database: Database; days: number; log: Log },
  now = new Date(),
): Promise<void> {
  const existing = await partitionsOf(database, 'access_log');
  for (const offset of [0, 1, 2]) {
    const [from, to] = [dayStart(now, offset), dayStart(now, offset + 1)];
    if (existing.has(partitionName(from))) continue;
    const bounds = { from: firstIdOf(from), to: firstIdOf(to) };
    await createPartition(database, { table: 'access_log', column: 'id', name: partitionName(from), ...bounds }, log);
  }
  const oldest = dayStart(now, -days);
  for (const name of existing) {
    if (/^access_log_\d{4}_\d{2}_\d{2}$/.test(name) && name < partitionName(oldest))
      await dropPartition(database, { table: 'access_log', name }, log);
  }
  await database.run(forgetRest, { oldestId: firstIdOf(oldest) });
}
