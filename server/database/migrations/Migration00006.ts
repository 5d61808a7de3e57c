import { Migration } from '@mikro-orm/migrations';

/** Input of running runs: pending inputs, the persona of a run, and the opaque data that a provider expects back unchanged. */
export class Migration00006 extends Migration {
  override up(): void {
    this.addSql(`
alter table runs add column persona_snapshot jsonb, add column pending_inputs integer not null default 0 check (pending_inputs >= 0);
create table run_turns (
  account_id uuid not null,
  run_id uuid not null,
  turn_index integer not null,
  opaque json not null,
  primary key (account_id, run_id, turn_index),
  foreign key (account_id, run_id) references runs (account_id, id) on delete cascade
);
`);
  }

  override down(): void {
    this.addSql('drop table run_turns');
    this.addSql('alter table runs drop column pending_inputs, drop column persona_snapshot');
  }
}
