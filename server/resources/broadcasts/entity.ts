import { defineEntity, p } from '@mikro-orm/core';
import type { Broadcast as Published } from '../../../contract/broadcasts.ts';
import { timestamptz } from '../../database/columns.ts';

export const Broadcast = defineEntity({
  name: 'Broadcast',
  tableName: 'broadcasts',
  properties: {
    id: p.uuid().primary(),
    type: p.text(),
    title: p.text(),
    body: p.text(),
    payload: p.json<Published['payload']>().defaultRaw("'{}'::jsonb"),
    targetType: p.enum(['all', 'account'] as const),
    targetId: p.uuid().nullable(),
    status: p.enum(['pending', 'sending', 'completed', 'failed'] as const).default('pending'),
    sentCount: p.integer().default(0),
    lastUserId: p.uuid().defaultRaw("'00000000-0000-0000-0000-000000000000'::uuid"),
    movedAt: timestamptz().nullable(),
    createdBy: p.uuid(),
    createdAt: timestamptz().defaultRaw('now()'),
    deletedAt: timestamptz().nullable(),
  },
  checks: [{ name: 'broadcasts_check', expression: "(target_type = 'account') = (target_id IS NOT NULL)" }],
  indexes: [
    {
      name: 'broadcasts_list',
      expression: 'create index broadcasts_list on broadcasts (created_at desc, id desc) where (deleted_at is null)',
    },
    { name: 'broadcasts_open', expression: "create index broadcasts_open on broadcasts (id) where (status in ('pending', 'sending'))" },
  ],
});
