import { type Database, statement } from '../../kernel/sql.ts';

const forgetDeliveries = statement<never>(`delete from webhook_deliveries where created_at < now() - interval '30 days'`);
const forgetMessages = statement<never>(`
  delete from webhook_messages m where m.created_at < now() - interval '30 days'
    and not exists (select from webhook_deliveries d where d.account_id = m.account_id and d.message_id = m.id)`);
const forgetSecrets = statement<never>(`
  update webhook_endpoints set previous_secret_sealed = null, previous_secret_expires_at = null where previous_secret_expires_at < now()`);

/** Deliveries after 30 days, messages with the last delivery of them, and secrets that no longer sign. */
export async function forgetWebhooks(database: Database): Promise<void> {
  for (const each of [forgetDeliveries, forgetMessages, forgetSecrets]) await database.run(each);
}
