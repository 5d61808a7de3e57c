import { Migration } from '@mikro-orm/migrations';

/** Erasures of accounts, and the keys that sign their proofs. An index finds the archived events of an account. */
export class Migration00066 extends Migration {
  override up(): void {
    this.addSql(`create table erasures (
      account_id uuid not null references accounts (id),
      id uuid not null,
      user_id uuid references users (id),
      state text not null default 'scheduled' check (state in ('scheduled', 'running', 'completed', 'cancelled')),
      requested_by uuid not null references users (id),
      service_key_id uuid,
      by_platform boolean not null,
      reference text,
      trace_id text not null,
      due_at timestamptz(3) not null,
      waiting_for text check (waiting_for in ('runs', 'requests', 'file_store', 'retry')),
      deleted jsonb not null default '{}',
      anonymized jsonb not null default '{}',
      files_deleted bigint not null default 0,
      bytes_deleted bigint not null default 0,
      workspace_refs text[] not null default '{}',
      report jsonb,
      proof text,
      created_at timestamptz(3) not null default now(),
      moved_at timestamptz(3) not null default now(),
      cancelled_at timestamptz(3),
      started_at timestamptz(3),
      finished_at timestamptz(3),
      primary key (account_id, id),
      check ((state = 'completed') = (proof is not null)),
      check ((proof is null) = (report is null))
    )`);
    this.addSql(`create unique index erasures_open on erasures (account_id) where state in ('scheduled', 'running')`);
    this.addSql(`create index erasures_due on erasures (due_at) where state in ('scheduled', 'running')`);
    this.addSql(`create index erasures_newest on erasures (created_at desc, id desc)`);
    this.addSql(`create index erasures_requested on erasures (requested_by, created_at desc, id desc)`);
    this.addSql(`create table signing_keys (
      id text not null primary key,
      public_key text not null,
      private_key_sealed bytea not null,
      created_at timestamptz(3) not null default now()
    )`);
    this.addSql('create index run_event_archives_account on run_event_archives (account_id)');
  }

  override down(): void {
    this.addSql('drop index run_event_archives_account');
    this.addSql('drop table erasures, signing_keys');
  }
}
