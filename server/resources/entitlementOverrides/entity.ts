import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';

export const EntitlementOverride = defineEntity({
  name: 'EntitlementOverride',
  tableName: 'entitlement_overrides',
  properties: {
    accountId: p.uuid().primary(),
    key: p.text().primary(),
    id: p.uuid().unique('entitlement_overrides_id_key'),
    value: p.text().nullable(),
    valueSealed: sealed(
      ['account_id', 'key'],
      (row: { account_id: string; key: string }) => `entitlement_override:${row.account_id}:${row.key}`,
    ).nullable(),
    valueType: p.enum(['integer', 'boolean', 'string'] as const),
    reason: p.text().nullable(),
    expiresAt: timestamptz().nullable(),
    createdByUserId: p.uuid().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [{ name: 'entitlement_overrides_check', expression: 'num_nonnulls(value, value_sealed) = 1' }],
});
