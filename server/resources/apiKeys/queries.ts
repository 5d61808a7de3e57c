import { statement } from '../../kernel/sql.ts';

/** A key without its secret. */
export type ApiKeyRow = {
  id: string;
  account_id: string;
  user_id: string;
  name: string;
  key_prefix: string;
  scopes: string[];
  inherits_permissions: boolean;
  revoked_at: string | null;
  last_used_at: string | null;
  created_at: string;
};

const columns = 'id, account_id, user_id, name, key_prefix, scopes, inherits_permissions, revoked_at, last_used_at, created_at';

/** A key is not made while the membership of its user ends. */
export const lockMembership = statement<{ role: string }>(
  'select role from memberships where account_id = $1 and user_id = $2 for no key update',
);

export const insertKey = statement<ApiKeyRow>(`
  insert into api_keys (account_id, id, user_id, name, key_prefix, key_hash, scopes, inherits_permissions)
  values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${columns}`);

/** The keys of the account, or only those of the user $2; newest first, from the sort key ($3, $4) on. */
export const selectKeys = statement<ApiKeyRow>(`
  select ${columns} from api_keys
  where account_id = $1 and ($2::uuid is null or user_id = $2)
    and ($3::timestamptz is null or (created_at, id) < ($3::timestamptz, $4::uuid))
  order by created_at desc, id desc limit $5`);

/** Only the keys of the user $3, unless that is null. */
export const revokeKey = statement<{ user_id: string; name: string; key_prefix: string }>(`
  update api_keys set revoked_at = now()
  where account_id = $1 and id = $2 and revoked_at is null and ($3::uuid is null or user_id = $3)
  returning user_id, name, key_prefix`);
