import type { AsrCredential } from '../../../contract/asr.ts';
import type { AsrRow } from './queries.ts';

/** A credential as it is published; only to those who manage it how it is reached. */
export const viewCredential = (row: AsrRow, managed: boolean): AsrCredential => ({
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
