import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

const categories = ['inaccurate', 'out_of_date', 'too_short', 'too_long', 'harmful_or_offensive', 'wrong_sources'] as const;
export const ReportCategory = z.enum(categories).meta({ id: 'ReportCategory' });
export type ReportCategory = z.infer<typeof ReportCategory>;

export const NewReport = z
  .strictObject({
    categories: z.array(ReportCategory).min(1).max(categories.length),
    feedback: z.string().max(2_000).nullish(),
  })
  .meta({ id: 'NewReport' });
export type NewReport = z.infer<typeof NewReport>;

export const Report = z
  .object({
    id: Id,
    thread_id: Id,
    account_id: Id,
    user_id: Id.meta({ description: 'The user who made the report.' }),
    categories: z.array(ReportCategory),
    feedback: z.string().nullable(),
    created_at: Time,
  })
  .meta({ id: 'Report' });
export type Report = z.infer<typeof Report>;

export const CreatedReport = Report.pick({ id: true, created_at: true }).meta({ id: 'CreatedReport' });

export const reports = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:report',
    summary: 'Report a thread',
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
    query: pageQuery().extend({ category: ReportCategory.optional(), thread_id: Id.optional() }),
    responses: { 200: z.array(Report) },
    metadata: { auth: 'platform', pages: 'cursor', queryIds: { thread_id: 'thread' } },
  },
} as const satisfies Resource);
