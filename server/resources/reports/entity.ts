import { defineEntity, p } from '@mikro-orm/core';
import type { ReportCategory } from '../../../contract/reports.ts';
import { timestamptz } from '../../database/columns.ts';

export const ThreadReport = defineEntity({
  name: 'ThreadReport',
  tableName: 'thread_reports',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    threadId: p.uuid(),
    userId: p.uuid(),
    categories: p.array<ReportCategory>().columnType('text[]'),
    feedback: p.text().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [{ name: 'thread_reports_categories_check', expression: 'cardinality(categories) > 0' }],
  indexes: [
    { name: 'thread_reports_list', expression: 'create index thread_reports_list on thread_reports (created_at desc, id desc)' },
    { name: 'thread_reports_thread', expression: 'create index thread_reports_thread on thread_reports (account_id, thread_id)' },
  ],
});
