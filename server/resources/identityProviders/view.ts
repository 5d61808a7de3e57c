import type { IdentityProvider } from '../../../contract/identityProviders.ts';
import type { IdentityProviderRow } from './queries.ts';

export const viewIdentityProvider = (row: IdentityProviderRow): IdentityProvider => ({
  id: row.id,
  name: row.name,
  issuer: row.issuer,
  client_id: row.client_id,
  has_client_secret: row.client_secret_sealed !== null,
  scopes: row.scopes,
  allowed_email_domains: row.allowed_email_domains,
  registers_users: row.registers_users,
  internal_network: row.internal_network,
  enabled: row.enabled,
  created_at: row.created_at,
  updated_at: row.updated_at,
});
