import { sql } from 'kysely';
import { deleteOldest, inBatches } from '../../../database/deleting/batches.ts';
import type { Database } from '../../../database/sql.ts';
import { type Parameters, statement } from '../../../database/statement.ts';

type Age = { days: number };
const before = ({ days }: Parameters<Age>) => sql<string>`now() - ${days} * interval '1 day'`;

const deleteOldDeliveries = deleteOldest<Age>('webhook_deliveries', sql`created_at`, before);
// The offset makes the planner look up the deliveries of each message, instead of reading all.
const hasNoDelivery = sql`not exists (select 1 from webhook_deliveries as d
  where d.account_id = webhook_messages.account_id and d.message_id = webhook_messages.id offset 0)`;
const deleteOldMessages = deleteOldest<Age>('webhook_messages', sql`created_at`, before, hasNoDelivery);
const deleteExpiredSecrets = statement()((db) =>
  db
    .updateTable('webhook_endpoints')
    .set({ previous_secret_sealed: sql.lit(null), previous_secret_expires_at: sql.lit(null) })
    .where('previous_secret_expires_at', '<', sql<string>`now()`),
);

/** Deletes deliveries older than `days`, messages without deliveries, and previous secrets that have expired. */
export async function deleteExpiredWebhooks(database: Database, days: number): Promise<void> {
  for (const each of [deleteOldDeliveries, deleteOldMessages]) await inBatches((limit) => database.run(each, { days, limit }));
  await database.run(deleteExpiredSecrets);
}
