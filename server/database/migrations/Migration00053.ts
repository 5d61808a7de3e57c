import { Migration } from '@mikro-orm/migrations';

/** OAuth access to MCP servers. See docs/decisions/0067-oauth-for-mcp-servers.md. */
export class Migration00053 extends Migration {
  override up(): void {
    this.addSql(`
      alter table mcp_configs
        add oauth_status text constraint mcp_configs_oauth_status_check check (oauth_status in ('required', 'authorized', 'expired')),
        add oauth_sealed bytea,
        add oauth_ends_at timestamptz(3),
        add oauth_generation int not null default 0,
        add oauth_renewing_until timestamptz(3),
        add oauth_request_key text,
        add oauth_request_sealed bytea,
        add oauth_request_expires_at timestamptz(3),
        add constraint mcp_configs_oauth_check check ((oauth_status is distinct from 'authorized') or (oauth_sealed is not null))`);
  }

  override down(): void {
    this.addSql(`
      alter table mcp_configs
        drop oauth_status, drop oauth_sealed, drop oauth_ends_at, drop oauth_generation, drop oauth_renewing_until,
        drop oauth_request_key, drop oauth_request_sealed, drop oauth_request_expires_at`);
  }
}
