import type { LinkedIdentity } from '../../../contract/identities.ts';
import type { IdentityRow } from './queries.ts';

/** The subject is left out: it names the person at the provider. */
export const viewIdentity = (row: IdentityRow): LinkedIdentity => ({
  id: row.id,
  issuer: row.issuer,
  provider_name: row.provider_name,
  usable: row.usable,
  email: row.email,
  created_at: row.created_at,
  last_used_at: row.last_used_at,
});
