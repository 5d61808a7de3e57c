import { Migration } from '@mikro-orm/migrations';

/** The tool servers of accounts. */
export class Migration00008 extends Migration {
  override up(): void {
    this.addSql(mcpConfigs);
  }

  override down(): void {
    this.addSql('drop table mcp_configs');
  }
}

const mcpConfigs = `
create table mcp_configs (
  account_id uuid not null references accounts (id),
  id uuid not null,
  name text not null,
  transport text not null check (transport in ('stdio', 'http_sse', 'streamable_http')),
  url text,
  bearer_token_sealed bytea,
  command text,
  args text[] not null default '{}',
  cwd text,
  env_sealed bytea,
  call_timeout_ms integer not null default 10000 check (call_timeout_ms between 1 and 600000),
  is_active boolean not null default true,
  revision integer not null default 1,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  primary key (account_id, id),
  unique (account_id, name),
  check ((transport = 'stdio') = (command is not null)),
  check ((transport = 'stdio') = (url is null))
);
create index mcp_configs_list on mcp_configs (account_id, created_at desc, id desc);
`;
