import { sql } from 'kysely';
import { endUncharged, type RoutePrices, settleCompletion, storedCost } from '../chatCompletions/charge.ts';
import { isTransientDatabaseError } from '../database/connection/connectionErrors.ts';
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
  let ended = 0;
  for (const completion of await database.rows(selectAbandoned)) {
    const { account_id, id, usage, trace_id } = completion;
    const facts = { completion_id: id, account_id, trace_id };
    try {
      // Not validated: this program wrote it.
      const { prices, multiplier } = completion.route as RoutePrices;
      const settings = await readEntitlements(database, account_id);
      if (!(await settleCompletion(database, { id, account_id }, 'failed', storedCost(usage, prices), multiplier, settings))) continue;
      log.warn(facts, 'a chat completion whose process has stopped was ended');
    } catch (err) {
      if (isTransientDatabaseError(err)) {
        log.warn({ ...facts, err }, 'an abandoned chat completion was not ended; the next pass tries again');
        continue;
      }
      // It would fail in every pass, and keep its reservation.
      log.error({ ...facts, err, usage }, 'a chat completion cannot be charged and is ended without a charge');
      const isEnded = await endUncharged(database, { id, account_id }).catch((error: unknown) => {
        log.error({ ...facts, err: error }, 'a chat completion cannot be ended');
        return false;
      });
      if (!isEnded) continue;
    }
    ended++;
  }
  return ended;
}
