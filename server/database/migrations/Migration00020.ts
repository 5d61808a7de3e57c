import { Migration } from '@mikro-orm/migrations';

/** The access log of the gateway. */
export class Migration00020 extends Migration {
  override up(): void {
    this.addSql(accessLog);
  }

  override down(): void {
    this.addSql('drop table access_log');
  }
}

// One partition per day, by the time in the id, which is the start of the request. Housekeeping creates and drops partitions. Rows without a
// partition, such as the end of a stream that was open for weeks, go to the default partition. No foreign keys: entries remain valid after the
// account is deleted, and inserting them never waits for locks. Unknown values are empty strings.
const accessLog = `
create table access_log (
  id uuid primary key,
  timestamp timestamptz(3) not null,
  trace_id text not null,
  method text not null,
  path text not null,
  status_code integer not null,
  duration_ms integer not null,
  client_ip text not null,
  country text not null,
  city text not null,
  user_agent text not null,
  ua_type text not null check (ua_type in ('browser', 'bot', 'tool', 'unknown')),
  risk_score numeric(3, 2) not null,
  identity_type text not null check (identity_type in ('user', 'api_key', 'anonymous')),
  account_id text not null,
  user_id text not null
) partition by range (id);
create table access_log_default partition of access_log default;
`;
