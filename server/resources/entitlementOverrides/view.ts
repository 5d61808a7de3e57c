import type { EntitlementOverride } from '../../../contract/entitlementOverrides.ts';
import { shownValue } from '../settings/entitlementValues.ts';
import type { OverrideRow } from './queries.ts';

/** An override as it is published, without a sensitive value. */
export const viewOverride = (row: OverrideRow): EntitlementOverride => ({
  id: row.id,
  account_id: row.account_id,
  key: row.key,
  value: shownValue(row),
  value_type: row.value_type,
  reason: row.reason,
  expires_at: row.expires_at,
  created_by_user_id: row.created_by_user_id,
  created_at: row.created_at,
});
