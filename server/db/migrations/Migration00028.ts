import { Migration } from '@mikro-orm/migrations';

/** The position of each refresh token in its session. */
export class Migration00028 extends Migration {
  override up(): void {
    for (const part of [generations]) this.addSql(part);
  }

  override down(): void {
    this.addSql(`
create index refresh_tokens_session on refresh_tokens (session_id);
drop index refresh_tokens_generation;
alter table refresh_tokens drop column generation;
`);
  }
}

// The unique index allows one successor per token, so that a session never has two branches.
const generations = `
alter table refresh_tokens add column generation integer;
update refresh_tokens t set generation = known.generation
from (
  select token_hash, row_number() over (partition by session_id order by issued_at, rotated_at nulls last, token_hash) - 1 as generation
  from refresh_tokens) known
where known.token_hash = t.token_hash;
alter table refresh_tokens alter column generation set not null;
create unique index refresh_tokens_generation on refresh_tokens (session_id, generation);
drop index refresh_tokens_session;
`;
