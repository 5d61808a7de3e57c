import { sql } from 'kysely';
import type { Database } from '../../../database/sql.ts';
import { statement } from '../../../database/statement.ts';

const monthAgo = sql<string>`now() - interval '30 days'`;

const deleteOldDeliveries = statement()((db) => db.deleteFrom('webhook_deliveries').where('created_at', '<', monthAgo));
const deleteOldMessages = statement()((db) =>
  db
    .deleteFrom('webhook_messages as m')
    .where('m.created_at', '<', monthAgo)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('webhook_deliveries as d')
            .select(sql.lit(1).as('one'))
            .whereRef('d.account_id', '=', 'm.account_id')
            .whereRef('d.message_id', '=', 'm.id'),
        ),
      ),
    ),
);
const deleteExpiredSecrets = statement()((db) =>
  db
    .updateTable('webhook_endpoints')
    .set({ previous_secret_sealed: sql.lit(null), previous_secret_expires_at: sql.lit(null) })
    .where('previous_secret_expires_at', '<', sql<string>`now()`),
);

/** Deletes deliveries older than 30 days, messages without deliveries, and previous secrets that have expired. */
export async function deleteExpiredWebhooks(database: Database): Promise<void> {
  for (const each of [deleteOldDeliveries, deleteOldMessages, deleteExpiredSecrets]) await database.run(each);
}
