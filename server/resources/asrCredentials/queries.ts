import { statement } from '../../kernel/sql.ts';

/** A credential without its key; `account_id` is null for the platform. */
export type AsrRow = {
  id: string;
  account_id: string | null;
  provider: 'groq' | 'openai';
  name: string;
  key_prefix: string;
  base_url: string | null;
  model: string;
  is_default: boolean;
  created_at: string;
};

const columns = 'id, account_id, provider, name, key_prefix, base_url, model, is_default, created_at';

/** A credential of one owner: `$1` is the account, or null for the platform. */
const owned = 'account_id is not distinct from $1 and id = $2';

export const selectCredentials = statement<AsrRow>(`
  select ${columns} from asr_credentials where account_id = $1 or account_id is null
  order by account_id is null, created_at desc, id desc`);

/** `$3`: whether those of the platform are seen. */
export const selectCredential = statement<AsrRow>(`
  select ${columns} from asr_credentials where (account_id = $1 or (account_id is null and $3)) and id = $2`);

/** The one that is used: the account's comes first. */
export const selectDefault = statement<AsrRow & { api_key_sealed: Buffer }>(`
  select ${columns}, api_key_sealed from asr_credentials where (account_id = $1 or account_id is null) and is_default
  order by account_id is null limit 1`);

/** Whoever moves the default of an owner waits here for his turn. */
export const lockDefault = statement<unknown>(
  `select pg_advisory_xact_lock(hashtextextended('asr default ' || coalesce($1::text, 'platform'), 0))`,
);

export const clearDefault = statement<never>(
  'update asr_credentials set is_default = false where account_id is not distinct from $1 and is_default',
);

export const setDefault = statement<never>(`update asr_credentials set is_default = true where ${owned}`);

export const insertCredential = statement<AsrRow>(`
  insert into asr_credentials (account_id, id, provider, name, key_prefix, api_key_sealed, base_url, model, is_default)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${columns}`);

/** Null stands for what stays, except where `$6` says that the base URL changes. */
export const updateCredential = statement<AsrRow>(`
  update asr_credentials set name = coalesce($3, name), key_prefix = coalesce($4, key_prefix), api_key_sealed = coalesce($5, api_key_sealed),
    base_url = case when $6 then $7 else base_url end, model = coalesce($8, model), is_default = coalesce($9, is_default)
  where ${owned} returning ${columns}`);

export const deleteCredential = statement<never>(`delete from asr_credentials where ${owned}`);
