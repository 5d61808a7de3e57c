import type { CreatedServiceKey, ServiceKey } from '../../../contract/serviceKeys.ts';
import type { ServiceKeyRow } from './queries.ts';

export const viewServiceKey = (row: ServiceKeyRow): ServiceKey => ({
  id: row.id,
  user_id: row.user_id,
  name: row.name,
  key_prefix: row.key_prefix,
  scopes: row.scopes,
  allowed_addresses: row.allowed_addresses,
  requests_per_minute: row.requests_per_minute,
  is_active: row.has_admin && row.revoked_at === null && !isPast(row.expires_at),
  expires_at: row.expires_at,
  previous_secret_expires_at: isPast(row.previous_expires_at) ? null : row.previous_expires_at,
  revoked_at: row.revoked_at,
  last_used_at: row.last_used_at,
  created_at: row.created_at,
});

const isPast = (time: string | null) => time !== null && Date.parse(time) <= Date.now();

/** The only response that contains the secret. */
export const viewCreatedServiceKey = ({ key, ...row }: ServiceKeyRow & { key: string }): CreatedServiceKey => ({
  ...viewServiceKey(row),
  key,
});
