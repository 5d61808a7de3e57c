import { Migration } from '@mikro-orm/migrations';

/** Whether an MCP server may ask users. */
export class Migration00058 extends Migration {
  override up(): void {
    this.addSql('alter table mcp_configs add elicitation_enabled boolean not null default false');
  }

  override down(): void {
    this.addSql('alter table mcp_configs drop column elicitation_enabled');
  }
}
