import type { McpConfig } from '../../../contract/mcpConfigs.ts';
import type { McpConfigRow } from './queries.ts';

export const viewConfig = (row: McpConfigRow): McpConfig => ({
  id: row.id,
  account_id: row.account_id,
  name: row.name,
  transport: row.transport,
  url: row.url,
  has_auth: row.has_auth,
  authorization: row.authorization,
  command: row.command,
  args: row.args,
  cwd: row.cwd,
  inherit_parent_env: false,
  call_timeout_ms: row.call_timeout_ms,
  elicitation_enabled: row.elicitation_enabled,
  is_active: row.is_active,
  created_at: row.created_at,
  updated_at: row.updated_at,
});
