import { defineEntity, p } from '@mikro-orm/core';
import { type Json, timestamptz } from '../../database/columns.ts';
import { sealed } from '../../database/sealedColumns.ts';
import { encryptionContext } from './token.ts';

export const ThreadShare = defineEntity({
  name: 'ThreadShare',
  tableName: 'thread_shares',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    threadId: p.uuid(),
    createdByUserId: p.uuid().nullable(),
    tokenHash: p.text().unique('thread_shares_token_hash_key'),
    tokenSealed: sealed(['id', 'account_id'], (row: { id: string; account_id: string }) => encryptionContext(row.id, row.account_id)),
    passwordHash: p.text().nullable(),
    liveUpdate: p.boolean(),
    lastMessageNumber: p.integer(),
    hiddenMessageNumbers: p.array<number>().columnType('integer[]'),
    snapshotTurnCount: p.integer(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    { name: 'thread_shares_creator', expression: 'create index thread_shares_creator on thread_shares (created_by_user_id)' },
    {
      name: 'thread_shares_list',
      expression: 'create index thread_shares_list on thread_shares (account_id, thread_id, created_at desc, id desc)',
    },
  ],
});

export const ThreadShareMessage = defineEntity({
  name: 'ThreadShareMessage',
  tableName: 'thread_share_messages',
  properties: {
    accountId: p.uuid().primary(),
    shareId: p.uuid().primary(),
    number: p.integer().primary(),
    content: p.text(),
    contentJson: p.json<Json>().nullable(),
  },
});
