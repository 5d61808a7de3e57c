import { Migration } from '@mikro-orm/migrations';

/** Sub-agents: child runs in hidden threads. See docs/decisions/0051-sub-agents.md. */
export class Migration00040 extends Migration {
  override up(): void {
    this.addSql(`alter table threads add root_thread_id uuid, add agent_closed_at timestamptz(3)`);
    this.addSql(`create index threads_hidden on threads (account_id, root_thread_id) where root_thread_id is not null`);
    this.addSql(`alter table runs add root_run_id uuid, add depth integer not null default 0, add spawn_call_id text,
      add spent_cost_micros bigint not null default 0, add spent_output_tokens bigint not null default 0`);
    this.addSql(`create index runs_tree on runs (root_run_id) where root_run_id is not null`);
    // A tool call that is executed again after a crash must not create a second child.
    this.addSql(`create unique index runs_spawned on runs (parent_run_id, spawn_call_id) where spawn_call_id is not null`);
    // The reservations of child runs count too.
    this.addSql('drop index runs_active');
    this.addSql(`create index runs_active on runs (account_id) where status in ('running', 'waiting_for_input', 'cancelling')`);
  }

  override down(): void {
    this.addSql('drop index runs_active');
    this.addSql(`create index runs_active on runs (account_id)
      where parent_run_id is null and status in ('running', 'waiting_for_input', 'cancelling')`);
    this.addSql('alter table runs drop root_run_id, drop depth, drop spawn_call_id, drop spent_cost_micros, drop spent_output_tokens');
    this.addSql('alter table threads drop root_thread_id, drop agent_closed_at');
  }
}
