import type { Passkey } from '../../../contract/passkeys.ts';
import type { PasskeyRow } from './queries.ts';

export const viewPasskey = (row: PasskeyRow): Passkey => ({
  id: row.id,
  name: row.name,
  backup_eligible: row.backup_eligible,
  backed_up: row.backed_up,
  created_at: row.created_at,
  last_used_at: row.last_used_at,
});
