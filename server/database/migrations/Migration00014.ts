import { Migration } from '@mikro-orm/migrations';

/** Threads shared with people without an account, and reports about threads. */
export class Migration00014 extends Migration {
  override up(): void {
    this.addSql(shares);
    this.addSql(versions);
    this.addSql(reports);
  }

  override down(): void {
    this.addSql('drop table thread_reports, thread_share_messages, thread_shares');
  }
}

// A snapshot is defined by the number of its last message and the messages before it that were hidden by then. Messages hidden later stay in it.
const shares = `
create table thread_shares (
  account_id uuid not null,
  id uuid not null,
  thread_id uuid not null,
  created_by_user_id uuid references users (id),
  token_hash text not null unique,
  token_sealed bytea not null,
  password_hash text,
  live_update boolean not null,
  last_message_number integer not null,
  hidden_message_numbers integer[] not null,
  snapshot_turn_count integer not null,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade
);
create index thread_shares_list on thread_shares (account_id, thread_id, created_at desc, id desc);
`;

// The original content of messages of a snapshot that were edited later.
const versions = `
create table thread_share_messages (
  account_id uuid not null,
  share_id uuid not null,
  number integer not null,
  content text not null,
  content_json jsonb,
  primary key (account_id, share_id, number),
  foreign key (account_id, share_id) references thread_shares (account_id, id) on delete cascade
);
`;

const reports = `
create table thread_reports (
  account_id uuid not null,
  id uuid not null,
  thread_id uuid not null,
  user_id uuid not null references users (id),
  categories text[] not null check (cardinality(categories) > 0),
  feedback text,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade
);
create index thread_reports_thread on thread_reports (account_id, thread_id);
create index thread_reports_list on thread_reports (created_at desc, id desc);
`;
