import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Attachment = defineEntity({
  name: 'Attachment',
  tableName: 'attachments',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    state: p.enum(['arriving', 'staged', 'kept'] as const),
    uploaderUserId: p.uuid(),
    name: p.text(),
    mimeType: p.text(),
    kind: p.enum(['image', 'file'] as const),
    size: p.integer(),
    sha256: p.text(),
    extractedText: p.text().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  indexes: [
    { name: 'attachments_waiting', expression: "create index attachments_waiting on attachments (created_at) where (state <> 'kept')" },
  ],
});

export const ThreadAttachment = defineEntity({
  name: 'ThreadAttachment',
  tableName: 'thread_attachments',
  properties: {
    accountId: p.uuid().primary(),
    attachmentId: p.uuid().primary(),
    threadId: p.uuid().primary(),
  },
  indexes: [
    {
      name: 'thread_attachments_thread',
      expression: 'create index thread_attachments_thread on thread_attachments (account_id, thread_id)',
    },
  ],
});
