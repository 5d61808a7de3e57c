import { sql } from 'kysely';
import type { McpAuthorization } from '../../../contract/mcpConfigs.ts';

/** The columns of a configuration, without its secrets. */
export const columns = [
  'id',
  'account_id',
  'name',
  'transport',
  'url',
  sql<boolean>`bearer_token_sealed is not null`.as('has_auth'),
  sql<McpAuthorization>`case when oauth_status = 'authorized' and oauth_ends_at <= now() then 'expired' else coalesce(oauth_status, 'none') end`.as(
    'authorization',
  ),
  'command',
  'args',
  'cwd',
  'call_timeout_ms',
  'elicitation_enabled',
  'is_active',
  'revision',
  'created_at',
  'updated_at',
] as const;
