import { Migration } from '@mikro-orm/migrations';

/**
 * Bulk credit operations, processed in batches of accounts. Their ids are those of their audit entries. See
 * docs/decisions/0027-streams-and-credit-operations.md.
 */
export class Migration00034 extends Migration {
  override up(): void {
    this.addSql(`create table credit_operations (
      id uuid primary key,
      operation text not null check (operation in ('bulk_adjust', 'reset_all')),
      amount bigint check ((operation = 'bulk_adjust') = (amount is not null)),
      note text,
      state text not null default 'running' check (state in ('running', 'completed')),
      total integer not null,
      done integer not null default 0,
      affected integer not null default 0,
      failed integer not null default 0,
      last_account_id uuid not null default '00000000-0000-0000-0000-000000000000',
      trace_id text not null,
      created_by uuid not null references users (id),
      created_at timestamptz(3) not null default now(),
      moved_at timestamptz(3) not null default now(),
      completed_at timestamptz(3)
    )`);
    // One at a time: overlapping operations would have to reach every account in the same order.
    this.addSql(`create unique index credit_operations_running on credit_operations (state) where state = 'running'`);
  }

  override down(): void {
    this.addSql('drop table credit_operations');
  }
}
