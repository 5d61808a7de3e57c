import type { EntitlementOverride } from '../../../contract/entitlementOverrides.ts';
import { maskedValue } from '../settings/entitlementValues.ts';
import type { OverrideRow } from './queries.ts';

/** Sensitive values are not published. */
export const viewOverride = (row: OverrideRow): EntitlementOverride => ({
  id: row.id,
  account_id: row.account_id,
  key: row.key,
  value: maskedValue(row),
  value_type: row.value_type,
  reason: row.reason,
  expires_at: row.expires_at,
  created_by_user_id: row.created_by_user_id,
  created_at: row.created_at,
});
