import { sql } from 'kysely';
import type { Database } from '../../../database/sql.ts';
import { type Parameters, statement } from '../../../database/statement.ts';

type Age = { days: number };
const before = ({ days }: Parameters<Age>) => sql<string>`now() - ${days} * interval '1 day'`;

const deleteOldDeliveries = statement<Age>()((db, $) => db.deleteFrom('webhook_deliveries').where('created_at', '<', before($)));
const deleteOldMessages = statement<Age>()((db, $) =>
  db
    .deleteFrom('webhook_messages as m')
    .where('m.created_at', '<', before($))
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

/** Deletes deliveries older than `days`, messages without deliveries, and previous secrets that have expired. */
export async function deleteExpiredWebhooks(database: Database, days: number): Promise<void> {
  for (const each of [deleteOldDeliveries, deleteOldMessages]) await database.run(each, { days });
  await database.run(deleteExpiredSecrets);
}
