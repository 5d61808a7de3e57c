import type { CreatedServiceKey, ServiceKey } from '../../../contract/serviceKeys.ts';
import { isPast, viewLifetime } from '../../http/access/keySecrets.ts';
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
  ...viewLifetime(row),
});

/** The only response that contains the secret. */
export const viewCreatedServiceKey = ({ key, ...row }: ServiceKeyRow & { key: string }): CreatedServiceKey => ({
  ...viewServiceKey(row),
  key,
});
