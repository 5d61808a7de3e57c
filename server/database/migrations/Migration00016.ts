import { Migration } from '@mikro-orm/migrations';

/** Notifications of users, and broadcasts to all users or to those of one account. */
export class Migration00016 extends Migration {
  override up(): void {
    for (const part of [newId, broadcasts, notifications]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop table notifications, broadcasts');
    this.addSql('drop function new_id()');
  }
}

// A UUID version 7 (RFC 9562) for statements that insert thousands of rows; uuidv7() exists only from PostgreSQL 18 on. Takes a random
// UUID of version 4, replaces its first 48 bits by milliseconds, and sets the version.
const newId = `
create function new_id() returns uuid language sql volatile parallel safe as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;
`;

// `last_user_id` is the progress of the fan-out, `moved_at` the time of its last progress.
const broadcasts = `
create table broadcasts (
  id uuid primary key,
  type text not null,
  title text not null,
  body text not null,
  payload jsonb not null default '{}',
  target_type text not null check (target_type in ('all', 'account')),
  target_id uuid references accounts (id),
  status text not null default 'pending' check (status in ('pending', 'sending', 'completed', 'failed')),
  sent_count integer not null default 0,
  last_user_id uuid not null default '00000000-0000-0000-0000-000000000000',
  moved_at timestamptz(3),
  created_by uuid not null references users (id),
  created_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  check ((target_type = 'account') = (target_id is not null))
);
create index broadcasts_list on broadcasts (created_at desc, id desc) where deleted_at is null;
create index broadcasts_open on broadcasts (id) where status in ('pending', 'sending');
`;

// The text of a broadcast is stored once, in `broadcasts`.
const notifications = `
create table notifications (
  account_id uuid not null references accounts (id),
  id uuid not null default new_id(),
  user_id uuid not null references users (id),
  type text not null,
  title text,
  body text,
  payload jsonb,
  broadcast_id uuid references broadcasts (id),
  read_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  check (num_nulls(title, body, payload) = case when broadcast_id is null then 0 else 3 end)
);
create index notifications_list on notifications (account_id, user_id, created_at desc, id desc);
create index notifications_unread on notifications (account_id, user_id, created_at desc, id desc) where read_at is null;
create unique index notifications_broadcast on notifications (broadcast_id, user_id) where broadcast_id is not null;
`;
