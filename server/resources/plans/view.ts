import type { Plan } from '../../../contract/plans.ts';
import { shownValue } from '../settings/entitlementValues.ts';
import type { FullPlan } from './service.ts';

/** A plan as it is published, without sensitive values. */
export const viewPlan = ({ id, name, display_name, created_at, entitlements }: FullPlan): Plan => ({
  id,
  name,
  display_name,
  entitlements: entitlements.map((row) => ({ id: row.id, key: row.key, value: shownValue(row), value_type: row.value_type })),
  created_at,
});
