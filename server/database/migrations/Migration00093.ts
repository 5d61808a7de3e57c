import { Migration } from '@mikro-orm/migrations';

const indexes = [
  ['webhook_deliveries_age', 'webhook_deliveries (created_at)'],
  ['webhook_messages_age', 'webhook_messages (created_at)'],
  ['schedule_occurrences_age', 'schedule_occurrences (created_at)'],
  ['schedules_completed', `schedules (account_id, greatest(run_at, updated_at) desc, id desc) where (status = 'completed')`],
  ['schedules_age', `schedules (greatest(run_at, updated_at)) where (status = 'completed')`],
  ['login_codes_expiry', 'login_codes (expires_at)'],
  ['sign_in_challenges_expiry', 'sign_in_challenges (expires_at)'],
  ['identity_flows_expiry', 'identity_flows (expires_at)'],
  ['email_verifications_expiry', 'email_verifications (expires_at)'],
  ['audit_logs_shown', `audit_logs (created_at desc, id desc) where (action > '' and action <> 'user.refresh')`],
] as const;

/** Lets jobs find the oldest rows, and the audit list its newest, without reading all. Locks each of these tables for about a second per million rows. */
export class Migration00093 extends Migration {
  override up(): void {
    for (const [name, columns] of indexes) this.addSql(`create index if not exists ${name} on ${columns}`);
    this.addSql('drop index if exists webhook_deliveries_time, webhook_messages_time, schedule_occurrences_time');
  }

  override down(): void {
    for (const [name] of indexes) this.addSql(`drop index ${name}`);
    for (const table of ['webhook_deliveries', 'webhook_messages', 'schedule_occurrences'])
      this.addSql(`create index ${table}_time on ${table} using brin (created_at)`);
  }
}
