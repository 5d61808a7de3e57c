import { sql } from 'kysely';
import { firstIdAt, monthsBefore, orNow } from '../../database/connection/clock.ts';
import { firstId, inBatches } from '../../database/deleting/batches.ts';
import type { Database } from '../../database/sql.ts';
import { type Parameters, statement } from '../../database/statement.ts';
import { endedStatuses } from '../../resources/runs/statuses.ts';

/** Counts the stored events of ended runs toward the quota of their accounts: nothing for a run without events. Locks the runs, then the counters. */
export const countEventBytes = statement<{ runIds: readonly string[] }>()((db, $) =>
  db.selectNoFrom(sql<number>`count_event_bytes(${$.runIds}::uuid[])`.as('count')),
);

const countUncounted = statement<{ limit: number }>({ bound: 'one', rowBytes: 8 })((db, $) => {
  const uncounted = db
    .selectFrom('runs')
    .select('id')
    .where('counted_event_bytes', 'is', null)
    .where('status', 'in', endedStatuses)
    .orderBy('id')
    .limit($.limit);
  return db.selectNoFrom(sql<number>`count_event_bytes(array(${uncounted}))`.as('count'));
});

type Old = { months: number; at: string | null; after: string; limit: number };

const retentionStart = ($: Parameters<Old>) => firstIdAt(monthsBefore(orNow($.at), $.months));

const selectOld = statement<Old>({ rowBytes: 36 })((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('counted_event_bytes', '>', sql.lit(0))
    .where('id', '>', $.after)
    .where('id', '<', retentionStart($))
    .orderBy('id')
    .limit($.limit),
);

const batch = 500;

/**
 * Counts the events of runs that have ended since the last round. Not part of the end of a run: that waits for no other run of the account, and cannot
 * fail because of the counter.
 */
export async function countEndedRuns(database: Database): Promise<void> {
  await inBatches(async (limit) => (await database.row(countUncounted, { limit }))!.count, batch);
}

/** Gives back what runs older than `months` months have used, whose events were removed with their month. */
export async function giveBackOldEvents(database: Database, months: number, at?: Date): Promise<void> {
  let after = firstId;
  await inBatches(async (limit) => {
    const runs = await database.rows(selectOld, { months, at: at?.toISOString() ?? null, after, limit });
    after = runs.at(-1)?.id ?? after;
    if (runs.length > 0) await database.row(countEventBytes, { runIds: runs.map(({ id }) => id) });
    return runs.length;
  }, batch);
}
