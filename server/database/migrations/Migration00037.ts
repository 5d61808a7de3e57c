import { Migration } from '@mikro-orm/migrations';

/** Events of ended runs in the object store. See docs/decisions/0034-archived-events.md. */
export class Migration00037 extends Migration {
  override up(): void {
    this.addSql(`create table run_event_archives (
      run_id uuid primary key,
      account_id uuid not null,
      state text not null check (state in ('writing', 'kept', 'removing', 'removed')),
      claim_id uuid not null,
      claimed_at timestamptz(3) not null default now(),
      parts jsonb,
      bytes bigint,
      event_count integer,
      event_counts jsonb,
      tail_message_id uuid,
      input_keys text[]
    )`);
    this.addSql(`create index run_event_archives_removing on run_event_archives (claimed_at) where (state = 'removing')`);
  }

  // Events that are only in the object store cannot be moved back by SQL.
  override down(): void {
    this.addSql(`do $$ begin
      if exists (select from run_event_archives where state = 'kept') then
        raise exception 'events of runs are in the object store; without this table they cannot be read';
      end if;
    end $$`);
    this.addSql('drop table run_event_archives');
  }
}
