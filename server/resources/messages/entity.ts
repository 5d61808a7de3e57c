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
    /** The creator of the thread, which is the only user whose search finds the message. */
    threadOwnerId: p.uuid().nullable(),
  },
  indexes: [
    {
      name: 'messages_search',
      expression:
        "create index messages_search on messages using gin (search_keys(account_id, thread_owner_id, content)) with (gin_pending_list_limit = 1024) where (visible and (role <> 'tool'))",
    },
  ],
});
