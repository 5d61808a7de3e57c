import { Migration } from '@mikro-orm/migrations';

/** Thresholds of balances with the crossings that are not announced yet, and indexes for exports of usage. */
export class Migration00063 extends Migration {
  override up(): void {
    this.addSql(
      `alter table accounts add column low_credit_threshold bigint constraint accounts_low_credit_threshold_check check (low_credit_threshold >= 0)`,
    );
    this.addSql(`create table credit_alerts (
      account_id uuid not null references accounts (id),
      id uuid not null,
      balance bigint not null,
      threshold bigint not null,
      created_at timestamptz(3) not null default now(),
      primary key (account_id, id)
    )`);
    this.addSql('create index usage_records_export on usage_records (account_id, recorded_at, run_id, usage_type)');
    this.addSql('create index usage_records_export_all on usage_records (recorded_at, run_id, usage_type)');
  }

  override down(): void {
    this.addSql('drop index usage_records_export, usage_records_export_all');
    this.addSql(`drop table credit_alerts`);
    this.addSql(`alter table accounts drop column low_credit_threshold`);
  }
}
