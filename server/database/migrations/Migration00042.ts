import { Migration } from '@mikro-orm/migrations';

/** Schedules of users, and their occurrences. See docs/decisions/0053-schedules.md. */
export class Migration00042 extends Migration {
  override up(): void {
    for (const part of [schedules, occurrences]) this.addSql(part);
  }

  override down(): void {
    this.addSql('drop table schedule_occurrences, schedules');
  }
}

// A schedule ends with the membership of its user.
const schedules = `
create table schedules (
  account_id uuid not null references accounts (id),
  id uuid not null,
  created_by_user_id uuid not null,
  name text not null,
  cron text,
  run_at timestamptz(3),
  timezone text not null,
  persona_id text,
  input text not null,
  thread_id uuid,
  missed text not null,
  overlap text not null,
  status text not null default 'active' check (status in ('active', 'paused', 'disabled', 'completed')),
  disabled_reason text,
  next_run_at timestamptz(3),
  last_run_id uuid,
  failures_since timestamptz(3) not null default now(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  foreign key (account_id, created_by_user_id) references memberships (account_id, user_id) on delete cascade,
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade,
  foreign key (account_id, last_run_id) references runs (account_id, id) on delete set null (last_run_id),
  check (num_nonnulls(cron, run_at) = 1),
  check ((status = 'active') = (next_run_at is not null)),
  check ((status = 'disabled') = (disabled_reason is not null))
);
create index schedules_list on schedules (account_id, created_by_user_id, created_at desc, id desc);
create index schedules_due on schedules (next_run_at) where status = 'active';
create index schedules_thread on schedules (account_id, thread_id) where thread_id is not null;
`;

// The unique index on the time makes a run exactly one: it is created in the transaction that takes the waiting row.
const occurrences = `
create table schedule_occurrences (
  account_id uuid not null,
  id uuid not null,
  schedule_id uuid not null,
  scheduled_for timestamptz(3) not null,
  trigger text not null check (trigger in ('schedule', 'manual')),
  status text not null check (status in ('waiting', 'started', 'skipped', 'failed')),
  skip_reason text,
  error_code text,
  error_message text,
  run_id uuid,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  foreign key (account_id, schedule_id) references schedules (account_id, id) on delete cascade,
  foreign key (account_id, run_id) references runs (account_id, id) on delete set null (run_id),
  check ((status = 'skipped') = (skip_reason is not null)),
  check ((status = 'failed') = (error_code is not null))
);
create unique index schedule_occurrences_once on schedule_occurrences (account_id, schedule_id, scheduled_for) where trigger = 'schedule';
create index schedule_occurrences_list on schedule_occurrences (account_id, schedule_id, created_at desc, id desc);
create index schedule_occurrences_waiting on schedule_occurrences (schedule_id, scheduled_for) where status = 'waiting';
create unique index schedule_occurrences_run on schedule_occurrences (account_id, run_id) where run_id is not null;
create index schedule_occurrences_time on schedule_occurrences using brin (created_at);
`;
