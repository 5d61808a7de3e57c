import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Memory = defineEntity({
  name: 'Memory',
  tableName: 'memories',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    userId: p.uuid(),
    content: p.text(),
    /** See `searchKeysOf`. */
    searchKeys: p.array<number>().columnType('integer[]'),
    /** Equal for texts that are the same fact, see `factHashOf`. */
    factHash: p.text(),
    source: p.enum(['user', 'agent'] as const),
    threadId: p.uuid().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
    updatedAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    {
      name: 'memories_fact',
      expression: 'create unique index memories_fact on memories (account_id, user_id, fact_hash)',
    },
    { name: 'memories_list', expression: 'create index memories_list on memories (account_id, user_id, updated_at desc, id desc)' },
    {
      name: 'memories_thread',
      expression: 'create index memories_thread on memories (account_id, thread_id) where (thread_id is not null)',
    },
  ],
});
