import { Migration } from '@mikro-orm/migrations';

/** Requests for prompts of programs, which workers answer. */
export class Migration00068 extends Migration {
  override up(): void {
    this.addSql(
      `create table mcp_prompt_requests (
         account_id uuid not null references accounts (id),
         id uuid not null,
         request_sealed bytea not null,
         reply_sealed bytea null,
         claim_id uuid null,
         claimed_until timestamptz(3) null,
         attempts int not null default 0,
         created_at timestamptz(3) not null default now(),
         primary key (account_id, id)
       )`,
    );
    this.addSql('create index mcp_prompt_requests_age on mcp_prompt_requests (created_at)');
  }

  override down(): void {
    this.addSql('drop table mcp_prompt_requests');
  }
}
