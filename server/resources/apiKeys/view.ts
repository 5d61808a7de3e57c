import type { ApiKey, CreatedApiKey } from '../../../contract/apiKeys.ts';
import type { ApiKeyRow } from './queries.ts';

export const viewApiKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  account_id: row.account_id,
  user_id: row.user_id,
  name: row.name,
  key_prefix: row.key_prefix,
  scopes: row.scopes,
  inherits_permissions: row.inherits_permissions,
  revoked_at: row.revoked_at,
  last_used_at: row.last_used_at,
  created_at: row.created_at,
});

/** The only response that contains the secret. */
export const viewCreatedApiKey = ({ key, ...row }: ApiKeyRow & { key: string }): CreatedApiKey => ({ ...viewApiKey(row), key });
