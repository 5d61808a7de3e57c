import { Migration } from '@mikro-orm/migrations';

/** Providers of the web tools: the active one of each group, and its URL and key. `account_id` is null for the platform. */
export class Migration00009 extends Migration {
  override up(): void {
    this.addSql(`
create table tool_providers (
  account_id uuid references accounts (id),
  group_name text not null,
  provider_name text not null,
  is_active boolean not null default false,
  key_prefix text,
  api_key_sealed bytea,
  base_url text,
  check ((key_prefix is null) = (api_key_sealed is null))
);
create unique index tool_providers_name on tool_providers (account_id, provider_name) nulls not distinct;
create unique index tool_providers_active on tool_providers (account_id, group_name) nulls not distinct where is_active;
`);
  }

  override down(): void {
    this.addSql('drop table tool_providers');
  }
}
