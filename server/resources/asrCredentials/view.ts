import type { AsrCredential } from '../../../contract/asr.ts';
import type { AsrCredentialRow } from './queries.ts';

/** Callers who do not manage the credential do not see `key_prefix` and `base_url`. */
export const viewCredential = (row: AsrCredentialRow, managed: boolean): AsrCredential => ({
  id: row.id,
  account_id: row.account_id,
  scope: row.account_id === null ? 'platform' : 'account',
  provider: row.provider,
  name: row.name,
  key_prefix: managed ? row.key_prefix : null,
  base_url: managed ? row.base_url : null,
  model: row.model,
  is_default: row.is_default,
  created_at: row.created_at,
});
