import { statement } from '../../kernel/sql.ts';
import type { ValueRow } from '../settings/entitlementValues.ts';

export type OverrideRow = ValueRow & {
  id: string;
  account_id: string;
  value_type: 'integer' | 'boolean' | 'string';
  reason: string | null;
  expires_at: string | null;
  created_by_user_id: string | null;
  created_at: string;
};

const columns = 'id, account_id, key, value, value_sealed, value_type, reason, expires_at, created_by_user_id, created_at';

/** Newest first, from the sort key ($2, $3) on. */
export const selectOverrides = statement<OverrideRow>(`
  select ${columns} from entitlement_overrides
  where account_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid))
  order by created_at desc, id desc limit $4`);

export const selectOverride = statement<OverrideRow>(`select ${columns} from entitlement_overrides where account_id = $1 and id = $2`);

/** What is about to be replaced. */
export const lockOverride = statement<OverrideRow>(
  `select ${columns} from entitlement_overrides where account_id = $1 and key = $2 for update`,
);

/** Adds or replaces; a row that was replaced keeps its id and age. */
export const upsertOverride = statement<OverrideRow>(`
  insert into entitlement_overrides (account_id, id, key, value, value_sealed, value_type, reason, expires_at, created_by_user_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict (account_id, key) do update set value = excluded.value, value_sealed = excluded.value_sealed, value_type = excluded.value_type,
    reason = excluded.reason, expires_at = excluded.expires_at, created_by_user_id = excluded.created_by_user_id
  returning ${columns}`);

export const deleteOverride = statement<OverrideRow>(
  `delete from entitlement_overrides where account_id = $1 and id = $2 returning ${columns}`,
);
