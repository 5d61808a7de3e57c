import { defineEntity, p } from '@mikro-orm/core';
import { type Json, timestamptz } from '../../database/columns.ts';

export const Message = defineEntity({
  name: 'Message',
  tableName: 'messages',
  properties: {
    accountId: p.uuid().primary(),
    threadId: p.uuid().primary(),
    number: p.integer().primary(),
    id: p.uuid().unique('messages_id_key'),
    createdByUserId: p.uuid().nullable(),
    role: p.enum(['user', 'assistant', 'tool'] as const),
    content: p.text(),
    contentJson: p.json<Json>().nullable(),
    runId: p.uuid().nullable(),
    visible: p.boolean().default(true),
    createdAt: timestamptz().defaultRaw('now()'),
    completion: p.enum(['complete', 'stopped', 'failed'] as const).default('complete'),
  },
});
