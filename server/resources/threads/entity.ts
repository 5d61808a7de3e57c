import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Thread = defineEntity({
  name: 'Thread',
  tableName: 'threads',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary().unique('threads_id_key'),
    createdByUserId: p.uuid().nullable(),
    title: p.text().nullable(),
    titleLocked: p.boolean().default(false),
    /** The title is the first words of a message, until a run generates a better one. */
    titleProvisional: p.boolean().default(false),
    projectId: p.uuid().nullable(),
    isPrivate: p.boolean().default(false),
    expiresAt: timestamptz().nullable(),
    /** The thread that was forked; for a hidden thread, the one whose run started the sub-agent. */
    parentThreadId: p.uuid().nullable(),
    /** Only for the hidden thread of a sub-agent: the thread of the root run, with which it is deleted. */
    rootThreadId: p.uuid().nullable(),
    /** A closed sub-agent takes no further input. */
    agentClosedAt: timestamptz().nullable(),
    lastMessageNumber: p.integer().default(0),
    createdAt: timestamptz().defaultRaw('now()'),
    updatedAt: timestamptz().defaultRaw('now()'),
    deletedAt: timestamptz().nullable(),
    archivedAt: timestamptz().nullable(),
  },
  indexes: [
    {
      name: 'threads_archived',
      expression:
        'create index threads_archived on threads (account_id, created_by_user_id, updated_at desc, id desc) where ((deleted_at is null) and (not is_private) and (archived_at is not null))',
    },
    { name: 'threads_expiry', expression: 'create index threads_expiry on threads (expires_at) where (expires_at is not null)' },
    {
      name: 'threads_hidden',
      expression: 'create index threads_hidden on threads (account_id, root_thread_id) where (root_thread_id is not null)',
    },
    {
      name: 'threads_list',
      expression:
        'create index threads_list on threads (account_id, created_by_user_id, updated_at desc, id desc) where ((deleted_at is null) and (not is_private) and (archived_at is null))',
    },
    {
      name: 'threads_search',
      expression:
        'create index threads_search on threads using gin (search_keys(account_id, created_by_user_id, title)) with (gin_pending_list_limit = 1024) where (title is not null)',
    },
  ],
});

export const ThreadStar = defineEntity({
  name: 'ThreadStar',
  tableName: 'thread_stars',
  properties: {
    accountId: p.uuid().primary(),
    userId: p.uuid().primary(),
    threadId: p.uuid().primary(),
    createdAt: timestamptz(6).defaultRaw('clock_timestamp()'),
  },
  indexes: [{ name: 'thread_stars_thread', expression: 'create index thread_stars_thread on thread_stars (account_id, thread_id)' }],
});

export const ThreadSummary = defineEntity({
  name: 'ThreadSummary',
  tableName: 'thread_summaries',
  properties: {
    accountId: p.uuid().primary(),
    threadId: p.uuid().primary(),
    upToNumber: p.integer().primary(),
    summary: p.text(),
    digest: p.text(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [{ name: 'thread_summaries_up_to_number_check', expression: 'up_to_number > 0' }],
});
