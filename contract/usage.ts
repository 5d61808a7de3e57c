import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { dayParam } from './credits.ts';
import { Id, inconsistentValues, intParam, Time } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

const count = z.int().min(0);
const cost = z.number().min(0).meta({ description: 'US dollars, to 6 decimal places.' });

const totals = {
  year: z.int(),
  month: z.int().min(1).max(12),
  total_input_tokens: count,
  total_output_tokens: count,
  total_cache_creation_tokens: count,
  total_cache_read_tokens: count,
  total_cached_tokens: count,
  total_cost_usd: cost,
  record_count: count,
};

const stored = z.object({
  used_bytes: count,
  limit_bytes: count.nullable().meta({ description: 'Null means no limit.' }),
});

/** Current storage of an account and its quotas, independent of the month. */
export const StorageUsage = z
  .object({
    attachments: stored.meta({ description: 'Uploaded files, including staged ones, until they are removed from the object store.' }),
    messages: stored.meta({ description: 'Message text, plus 256 bytes per message, 1,024 bytes per thread and 512 bytes per share.' }),
    workspaces: stored.meta({ description: 'Files of all workspaces, including revisions that are not removed yet.' }),
  })
  .meta({ id: 'StorageUsage' });
export type StorageUsage = z.infer<typeof StorageUsage>;

/** Usage of an account, or of one user in it, in a month (UTC), and the current storage of the account. */
export const MonthlyUsage = z.object({ account_id: Id, ...totals, storage: StorageUsage }).meta({ id: 'MonthlyUsage' });
export type MonthlyUsage = z.infer<typeof MonthlyUsage>;

/** Usage of all accounts in a month (UTC). */
export const UsageSummary = z.object(totals).meta({ id: 'UsageSummary' });
export type UsageSummary = z.infer<typeof UsageSummary>;

const used = { input_tokens: count, output_tokens: count, cost_usd: cost, record_count: count };

export const DailyUsage = z.object({ date: z.iso.date(), ...used }).meta({ id: 'DailyUsage' });
export type DailyUsage = z.infer<typeof DailyUsage>;

export const HourlyUsage = z.object({ hour: Time, ...used }).meta({ id: 'HourlyUsage' });
export type HourlyUsage = z.infer<typeof HourlyUsage>;

export const ModelUsage = z
  .object({
    model: z.string().meta({ description: '`unknown` if a run ended before a model was selected.' }),
    ...used,
    cache_creation_tokens: count,
    cache_read_tokens: count,
    cached_tokens: count,
  })
  .meta({ id: 'ModelUsage' });
export type ModelUsage = z.infer<typeof ModelUsage>;

export const MonthQuery = z.object({
  year: intParam(2000, 2100).optional().meta({ description: 'Defaults to the current year (UTC).' }),
  month: intParam(1, 12).optional().meta({ description: 'Defaults to the current month (UTC).' }),
});
export type MonthQuery = z.infer<typeof MonthQuery>;

const maxDays = 366;
/** NaN if a value is not a date, which another rule reports. */
const daysBetween = ({ start, end }: { start: string; end: string }) => (Date.parse(end) - Date.parse(start)) / 86_400_000;

export const DaysQuery = z
  .object({
    start: dayParam().meta({ description: 'First day (UTC).' }),
    end: dayParam().meta({ description: `Last day (UTC), inclusive. The range has at most ${maxDays} days.` }),
  })
  .refine((range) => !(daysBetween(range) < 0), { path: ['end'], message: 'must not be before start', params: inconsistentValues })
  .refine((range) => !(daysBetween(range) >= maxDays), {
    path: ['end'],
    message: `must be within ${maxDays} days`,
    params: inconsistentValues,
  });
export type DaysQuery = z.infer<typeof DaysQuery>;

const own = { auth: 'user+key', report: true } as const;
const account = { auth: 'user+key', read: 'data.usage.read', exempt: 'platform.admin', report: true } as const;
const platform = { auth: 'platform', report: true } as const;

const month = { method: 'GET', query: MonthQuery } as const;
const days = { method: 'GET', query: DaysQuery } as const;
const byDay = { ...days, responses: { 200: z.array(DailyUsage) } } as const;
const byHour = { ...days, responses: { 200: z.array(HourlyUsage) } } as const;
const byModel = { ...month, responses: { 200: z.array(ModelUsage) } } as const;
const monthly = { ...month, responses: { 200: MonthlyUsage } } as const;

export const usage = initContract().router({
  mine: { ...monthly, path: '/v1/me/usage', summary: 'Retrieve your usage for a month', metadata: own },
  mineDaily: { ...byDay, path: '/v1/me/usage/daily', summary: 'List your usage by day', metadata: own },
  mineHourly: { ...byHour, path: '/v1/me/usage/hourly', summary: 'List your usage by hour', metadata: own },
  mineByModel: {
    ...byModel,
    path: '/v1/me/usage/by-model',
    summary: 'List your usage for a month by model',
    metadata: own,
  },
  ofAccount: {
    ...monthly,
    path: '/v1/accounts/{account_id}/usage',
    summary: 'Retrieve the usage of an account for a month',
    metadata: account,
  },
  ofAccountDaily: {
    ...byDay,
    path: '/v1/accounts/{account_id}/usage/daily',
    summary: 'List the usage of an account by day',
    metadata: account,
  },
  ofAccountHourly: {
    ...byHour,
    path: '/v1/accounts/{account_id}/usage/hourly',
    summary: 'List the usage of an account by hour',
    metadata: account,
  },
  ofAccountByModel: {
    ...byModel,
    path: '/v1/accounts/{account_id}/usage/by-model',
    summary: 'List the usage of an account for a month by model',
    metadata: account,
  },
  summary: {
    ...month,
    path: '/v1/admin/usage/summary',
    summary: 'Retrieve the usage of all accounts for a month',
    responses: { 200: UsageSummary },
    metadata: platform,
  },
  daily: { ...byDay, path: '/v1/admin/usage/daily', summary: 'List the usage of all accounts by day', metadata: platform },
  hourly: { ...byHour, path: '/v1/admin/usage/hourly', summary: 'List the usage of all accounts by hour', metadata: platform },
  byModel: {
    ...byModel,
    path: '/v1/admin/usage/by-model',
    summary: 'List the usage of all accounts for a month by model',
    metadata: platform,
  },
} as const satisfies Resource);
