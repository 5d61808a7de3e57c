import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

const categories = ['inaccurate', 'out_of_date', 'too_short', 'too_long', 'harmful_or_offensive', 'wrong_sources'] as const;
export const ReportCategory = z.enum(categories).meta({ id: 'ReportCategory', description: 'What is wrong with the thread.' });
export type ReportCategory = z.infer<typeof ReportCategory>;

export const NewReport = z
  .strictObject({
    categories: z.array(ReportCategory).min(1).max(categories.length).meta({ description: 'One or more reasons.' }),
    feedback: z.string().max(2_000).nullish().meta({ description: 'Explanation for the platform admins, at most 2,000 characters.' }),
  })
  .meta({ id: 'NewReport', description: 'Why the thread is reported.' });
export type NewReport = z.infer<typeof NewReport>;

export const Report = z
  .object({
    id: Id.meta({ description: 'ID of the report.' }),
    thread_id: Id.meta({ description: 'The reported thread.' }),
    account_id: Id.meta({ description: 'The account of the thread.' }),
    user_id: Id.meta({ description: 'The user who made the report.' }),
    categories: z.array(ReportCategory).meta({ description: 'The given reasons.' }),
    feedback: z.string().nullable().meta({ description: 'Explanation of the user; null if they gave none.' }),
    created_at: Time.meta({ description: 'When the thread was reported.' }),
  })
  .meta({ id: 'Report', description: 'A report of a thread.' });
export type Report = z.infer<typeof Report>;

export const CreatedReport = Report.pick({ id: true, created_at: true }).meta({
  id: 'CreatedReport',
  description: 'The reference of a report.',
});

export const reports = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:report',
    summary: 'Report a thread',
    description:
      'Tells the platform admins that an answer is wrong or harmful. Every reader of the thread can report it. The thread does not change.',
    body: NewReport,
    responses: { 201: CreatedReport },
    metadata: {
      auth: 'user+key',
      read: 'data.threads.read',
      permission: 'data.threads.write',
      allowReaders: true,
      quota: 'reports',
      audit: ['thread.report', 'thread'],
    },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/reports',
    summary: 'List the reports of all accounts, newest first',
    description: 'For platform admins who review the quality of answers. A report keeps its `thread_id` even if the thread is deleted.',
    query: pageQuery().extend({
      category: ReportCategory.optional().meta({ description: 'Return only reports with this reason.' }),
      thread_id: Id.optional().meta({ description: 'Return only reports of this thread.' }),
    }),
    responses: { 200: z.array(Report) },
    metadata: { auth: 'platform', pages: 'cursor', queryIds: { thread_id: 'thread' } },
  },
} as const satisfies Resource);
