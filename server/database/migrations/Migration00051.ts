import { Migration } from '@mikro-orm/migrations';

/** Expiry, limits, models and rotation of API keys, what they have used, and the keys that started runs and schedules. */
export class Migration00051 extends Migration {
  override up(): void {
    this.addSql(`
alter table api_keys
  add column previous_key_hash text,
  add column previous_expires_at timestamptz(3),
  add column expires_at timestamptz(3),
  add column models text[],
  add column credits_per_day bigint,
  add column credits_per_month bigint,
  add column credits_total bigint,
  add column requests_per_minute bigint,
  add column requests_per_day bigint,
  add column requests_per_month bigint,
  add column requests_total bigint,
  add constraint api_keys_previous_key_hash_key unique (previous_key_hash)`);
    this.addSql(`
create table api_key_usage (
  account_id uuid not null,
  api_key_id uuid not null,
  day date not null,
  credits bigint not null default 0,
  requests bigint not null default 0,
  minute timestamptz(3),
  minute_requests bigint not null default 0,
  primary key (account_id, api_key_id, day)
)`);
    for (const table of ['runs', 'schedules']) this.addSql(`alter table ${table} add column api_key_id uuid`);
  }

  override down(): void {
    for (const table of ['runs', 'schedules']) this.addSql(`alter table ${table} drop column api_key_id`);
    this.addSql('drop table api_key_usage');
    this.addSql(`
alter table api_keys
  drop column previous_key_hash,
  drop column previous_expires_at,
  drop column expires_at,
  drop column models,
  drop column credits_per_day,
  drop column credits_per_month,
  drop column credits_total,
  drop column requests_per_minute,
  drop column requests_per_day,
  drop column requests_per_month,
  drop column requests_total`);
  }
}
