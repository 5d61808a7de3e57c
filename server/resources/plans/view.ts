import type { Plan } from '../../../contract/plans.ts';
import { maskedValue } from '../settings/entitlementValues.ts';
import type { PlanWithEntitlements } from './queries.ts';

/** Sensitive values are masked. */
export const viewPlan = ({ id, name, display_name, created_at, entitlements }: PlanWithEntitlements): Plan => ({
  id,
  name,
  display_name,
  entitlements: entitlements.map((row) => ({ id: row.id, key: row.key, value: maskedValue(row), value_type: row.value_type })),
  created_at,
});
