import { Migration } from '@mikro-orm/migrations';

/** Facts about users that agents use in later threads. See docs/decisions/0052-memories.md. */
export class Migration00041 extends Migration {
  override up(): void {
    this.addSql(`create table memories (
      account_id uuid not null,
      id uuid not null,
      user_id uuid not null,
      content text not null,
      search_keys integer[] not null,
      fact_hash text not null,
      source text not null check (source in ('user', 'agent')),
      thread_id uuid,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (account_id, id),
      foreign key (account_id, user_id) references memberships (account_id, user_id) on delete cascade,
      foreign key (account_id, thread_id) references threads (account_id, id) on delete set null (thread_id)
    )`);
    this.addSql('create unique index memories_fact on memories (account_id, user_id, fact_hash)');
    this.addSql('create index memories_list on memories (account_id, user_id, updated_at desc, id desc)');
    this.addSql('create index memories_thread on memories (account_id, thread_id) where (thread_id is not null)');
  }

  override down(): void {
    this.addSql('drop table memories');
  }
}
