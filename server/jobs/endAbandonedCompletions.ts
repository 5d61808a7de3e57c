import { sql } from 'kysely';
import { type RoutePrices, settleCompletion, storedCost } from '../completions/charge.ts';
import type { Database } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { readEntitlements } from '../resources/settings/settings.ts';

const selectAbandoned = statement()((db) =>
  db
    .selectFrom('chat_completions')
    .select(['account_id', 'id', 'usage', 'route', 'trace_id'])
    .where('status', '=', sql.lit('running' as const))
    .where('expires_at', '<', sql<string>`clock_timestamp()`)
    .orderBy('expires_at')
    .limit(sql.lit(100)),
);

/** Ends chat completions whose process has stopped, and charges the usage that it had stored. Returns their number. */
export async function endAbandonedCompletions({ database, log }: { database: Database; log: Log }): Promise<number> {
  const abandoned = await database.rows(selectAbandoned);
  let ended = 0;
  for (const completion of abandoned) {
    const { account_id, id, usage, trace_id } = completion;
    // Not validated: this program wrote it.
    const { prices, multiplier } = completion.route as RoutePrices;
    const settings = await readEntitlements(database, account_id);
    if (!(await settleCompletion(database, { id, account_id }, 'failed', storedCost(usage, prices), multiplier, settings))) continue;
    ended++;
    log.warn({ completion_id: id, trace_id }, 'a chat completion whose process has stopped was ended');
  }
  return ended;
}
