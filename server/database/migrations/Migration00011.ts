import { Migration } from '@mikro-orm/migrations';

/** Summaries that replace the older messages of a thread which no longer fits into the context window of a model. */
export class Migration00011 extends Migration {
  override up(): void {
    this.addSql(`
create table thread_summaries (
  account_id uuid not null,
  thread_id uuid not null,
  up_to_number integer not null check (up_to_number > 0),
  summary text not null,
  digest text not null,
  created_at timestamptz(3) not null default now(),
  primary key (account_id, thread_id, up_to_number),
  foreign key (account_id, thread_id) references threads (account_id, id) on delete cascade
)`);
  }

  override down(): void {
    this.addSql('drop table thread_summaries');
  }
}
