import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const InviteCode = defineEntity({
  name: 'InviteCode',
  tableName: 'invite_codes',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    code: p.text().unique('invite_codes_code_key'),
    maxUses: p.integer().default(0),
    useCount: p.integer().default(0),
    isActive: p.boolean().default(true),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [
    { name: 'invite_codes_max_uses_check', expression: 'max_uses >= 0' },
    { name: 'invite_codes_used', expression: 'use_count >= 0' },
  ],
  indexes: [
    { name: 'invite_codes_active', expression: 'create unique index invite_codes_active on invite_codes (user_id) where is_active' },
    { name: 'invite_codes_list', expression: 'create index invite_codes_list on invite_codes (created_at desc, id desc)' },
    { name: 'invite_codes_newest', expression: 'create index invite_codes_newest on invite_codes (user_id, created_at desc)' },
  ],
});
