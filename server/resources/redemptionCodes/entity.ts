import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const RedemptionCode = defineEntity({
  name: 'RedemptionCode',
  tableName: 'redemption_codes',
  properties: {
    id: p.uuid().primary(),
    code: p.text().unique('redemption_codes_code_key'),
    type: p.enum(['credits', 'feature'] as const),
    value: p.text(),
    maxUses: p.integer().default(1),
    useCount: p.integer().default(0),
    expiresAt: timestamptz().nullable(),
    isActive: p.boolean().default(true),
    batchId: p.text().nullable(),
    createdByUserId: p.uuid().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [
    { name: 'redemption_codes_check', expression: 'use_count <= max_uses' },
    { name: 'redemption_codes_max_uses_check', expression: 'max_uses > 0' },
    { name: 'redemption_codes_used', expression: 'use_count >= 0' },
  ],
  indexes: [
    { name: 'redemption_codes_list', expression: 'create index redemption_codes_list on redemption_codes (created_at desc, id desc)' },
  ],
});

export const Redemption = defineEntity({
  name: 'Redemption',
  tableName: 'redemptions',
  properties: {
    accountId: p.uuid(),
    codeId: p.uuid().primary(),
    userId: p.uuid().primary(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
});
