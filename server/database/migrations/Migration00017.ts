import { Migration } from '@mikro-orm/migrations';

/** Webhook endpoints of accounts, their messages, and the queue of deliveries. */
export class Migration00017 extends Migration {
  override up(): void {
    for (const part of [endpoints, messages, deliveries]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop table webhook_deliveries, webhook_messages, webhook_endpoints');
  }
}

const endpoints = `
create table webhook_endpoints (
  account_id uuid not null references accounts (id),
  id uuid not null,
  url text not null,
  events text[] not null,
  enabled boolean not null default true,
  disabled_reason text check (disabled_reason in ('manual', 'consecutive_failures', 'gone')),
  consecutive_failures integer not null default 0,
  secret_sealed bytea not null,
  secret_prefix text not null,
  previous_secret_sealed bytea,
  previous_secret_expires_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  check (enabled = (disabled_reason is null)),
  check ((previous_secret_sealed is null) = (previous_secret_expires_at is null))
);
create index webhook_endpoints_list on webhook_endpoints (account_id, created_at desc, id desc);
`;

// A run has only one message, sent when it ends. Its id is that of the run.
const messages = `
create table webhook_messages (
  account_id uuid not null references accounts (id),
  id uuid not null,
  event_type text not null,
  body text not null check (octet_length(body) <= 20480),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id)
);
create index webhook_messages_time on webhook_messages using brin (created_at);
`;

// The table is the queue: a worker claims due rows for a limited time. Few rows are pending, so the partial indexes are small.
const deliveries = `
create table webhook_deliveries (
  account_id uuid not null,
  id uuid not null,
  endpoint_id uuid not null,
  message_id uuid not null,
  event_type text not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  last_attempt_at timestamptz(3),
  next_attempt_at timestamptz(3),
  claim_id uuid,
  claimed_until timestamptz(3),
  response_status integer,
  response_body text,
  error text,
  redelivery_of uuid,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  foreign key (account_id, endpoint_id) references webhook_endpoints (account_id, id) on delete cascade,
  foreign key (account_id, message_id) references webhook_messages (account_id, id) on delete cascade,
  check ((status = 'pending') = (next_attempt_at is not null)),
  check ((claim_id is null) = (claimed_until is null))
);
create unique index webhook_deliveries_once on webhook_deliveries (account_id, message_id, endpoint_id) where redelivery_of is null;
create index webhook_deliveries_message on webhook_deliveries (account_id, message_id);
create index webhook_deliveries_list on webhook_deliveries (account_id, endpoint_id, created_at desc, id desc);
create index webhook_deliveries_due on webhook_deliveries (account_id, endpoint_id, next_attempt_at) where status = 'pending';
create index webhook_deliveries_claimed on webhook_deliveries (account_id, endpoint_id) where claim_id is not null;
create index webhook_deliveries_time on webhook_deliveries using brin (created_at);
`;
