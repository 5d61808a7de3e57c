import { Migration } from '@mikro-orm/migrations';

/** Filters and headers of webhook endpoints, test deliveries, the log of attempts, and replays. */
export class Migration00052 extends Migration {
  override up(): void {
    for (const part of [endpoints, deliveries, replays]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop table webhook_replays');
    this.addSql('alter table webhook_deliveries drop column is_test, drop column attempt_log');
    this.addSql(
      'alter table webhook_endpoints drop column filter_project_ids, drop column filter_persona_ids, drop column header_names, drop column headers_sealed',
    );
  }
}

// The sealed headers are a JSON object.
const endpoints = `
alter table webhook_endpoints
  add column filter_project_ids uuid[] not null default '{}'::uuid[],
  add column filter_persona_ids text[] not null default '{}'::text[],
  add column header_names text[] not null default '{}'::text[],
  add column headers_sealed bytea;
`;

// Constant defaults, so that the table is not rewritten.
const deliveries = `
alter table webhook_deliveries
  add column is_test boolean not null default false,
  add column attempt_log jsonb not null default '[]'::jsonb;
`;

// A row per endpoint: the last replay. The cursor is the last original delivery that was looked at.
const replays = `
create table webhook_replays (
  account_id uuid not null,
  endpoint_id uuid not null,
  status text not null default 'running' check (status in ('running', 'completed', 'cancelled')),
  since timestamptz(3) not null,
  until timestamptz(3) not null,
  only_failed boolean not null,
  total integer not null,
  queued integer not null default 0,
  cursor_at timestamptz(3) not null,
  cursor_id uuid not null,
  created_at timestamptz(3) not null default now(),
  ended_at timestamptz(3),
  primary key (account_id, endpoint_id),
  foreign key (account_id, endpoint_id) references webhook_endpoints (account_id, id) on delete cascade,
  check ((status = 'running') = (ended_at is null))
);
create index webhook_replays_running on webhook_replays (created_at) where status = 'running';
`;
