import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';

export const Plan = defineEntity({
  name: 'Plan',
  tableName: 'plans',
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    displayName: p.text(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    { name: 'plans_list', expression: 'create index plans_list on plans (created_at desc, id desc)' },
    { name: 'plans_name', expression: 'create unique index plans_name on plans (lower(name))' },
  ],
});

export const PlanEntitlement = defineEntity({
  name: 'PlanEntitlement',
  tableName: 'plan_entitlements',
  properties: {
    planId: p.uuid().primary(),
    key: p.text().primary(),
    id: p.uuid().unique('plan_entitlements_id_key'),
    value: p.text().nullable(),
    valueSealed: sealed(
      ['plan_id', 'key'],
      (row: { plan_id: string; key: string }) => `plan_entitlement:${row.plan_id}:${row.key}`,
    ).nullable(),
    valueType: p.enum(['integer', 'boolean', 'string'] as const),
  },
  checks: [{ name: 'plan_entitlements_check', expression: 'num_nonnulls(value, value_sealed) = 1' }],
});
