import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { dayParam } from './credits.ts';
import { betweenValues, Id, intParam, Time } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

const count = z.int().min(0);
const cost = z.number().min(0).meta({ description: 'US dollars, to 6 decimals.' });

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
  limit_bytes: count.nullable().meta({ description: 'Null is without limit.' }),
});

/** What an account stores now, whatever the month, against its quotas. */
export const StorageUsage = z
  .object({
    attachments: stored.meta({ description: 'Uploaded files, staged ones included, until they are removed from the store.' }),
    messages: stored.meta({ description: 'Texts of messages and 256 bytes each, 1024 bytes for a thread, 512 for a share.' }),
    workspaces: stored.meta({ description: 'Files of all workspaces, with the revisions that are not removed yet.' }),
  })
  .meta({ id: 'StorageUsage' });
export type StorageUsage = z.infer<typeof StorageUsage>;

/** What an account, or a user in it, has used in a month (UTC), and what the account stores. */
export const MonthlyUsage = z.object({ account_id: Id, ...totals, storage: StorageUsage }).meta({ id: 'MonthlyUsage' });
export type MonthlyUsage = z.infer<typeof MonthlyUsage>;

/** What all accounts have used in a month (UTC). */
export const UsageSummary = z.object(totals).meta({ id: 'UsageSummary' });
export type UsageSummary = z.infer<typeof UsageSummary>;

const used = { input_tokens: count, output_tokens: count, cost_usd: cost, record_count: count };

export const DailyUsage = z.object({ date: z.iso.date(), ...used }).meta({ id: 'DailyUsage' });
export type DailyUsage = z.infer<typeof DailyUsage>;

export const HourlyUsage = z.object({ hour: Time, ...used }).meta({ id: 'HourlyUsage' });
export type HourlyUsage = z.infer<typeof HourlyUsage>;

export const ModelUsage = z
  .object({
    model: z.string().meta({ description: '`unknown` where a run ended before one was chosen.' }),
    ...used,
    cache_creation_tokens: count,
    cache_read_tokens: count,
    cached_tokens: count,
  })
  .meta({ id: 'ModelUsage' });
export type ModelUsage = z.infer<typeof ModelUsage>;

export const MonthQuery = z.object({
  year: intParam(2000, 2100).optional().meta({ description: 'The present year (UTC), unless said otherwise.' }),
  month: intParam(1, 12).optional().meta({ description: 'The present month (UTC), unless said otherwise.' }),
});
export type MonthQuery = z.infer<typeof MonthQuery>;

const mostDays = 366;
/** How many days later; not a number where one is no day, which is told already. */
const daysBetween = ({ start, end }: { start: string; end: string }) => (Date.parse(end) - Date.parse(start)) / 86_400_000;

export const DaysQuery = z
  .object({
    start: dayParam().meta({ description: 'First day (UTC).' }),
    end: dayParam().meta({ description: `Last day (UTC); at most ${mostDays} days in all.` }),
  })
  .refine((range) => !(daysBetween(range) < 0), { path: ['end'], message: 'must not be before start', params: betweenValues })
  .refine((range) => !(daysBetween(range) >= mostDays), {
    path: ['end'],
    message: `must be within ${mostDays} days`,
    params: betweenValues,
  });
export type DaysQuery = z.infer<typeof DaysQuery>;

const own = { auth: 'user+key' } as const;
const account = { auth: 'user+key', read: 'data.usage.read', or: 'platform.admin' } as const;
const platform = { auth: 'platform' } as const;

const month = { method: 'GET', query: MonthQuery } as const;
const days = { method: 'GET', query: DaysQuery } as const;
const byDay = { ...days, responses: { 200: z.array(DailyUsage) } } as const;
const byHour = { ...days, responses: { 200: z.array(HourlyUsage) } } as const;
const byModel = { ...month, responses: { 200: z.array(ModelUsage) } } as const;
const monthly = { ...month, responses: { 200: MonthlyUsage } } as const;

/** Tokens and cost over time. */
export const usage = initContract().router({
  mine: { ...monthly, path: '/v1/me/usage', summary: 'Read what your runs have used in a month', metadata: own },
  mineDaily: { ...byDay, path: '/v1/me/usage/daily', summary: 'List what your runs have used, day by day', metadata: own },
  mineHourly: { ...byHour, path: '/v1/me/usage/hourly', summary: 'List what your runs have used, hour by hour', metadata: own },
  mineByModel: {
    ...byModel,
    path: '/v1/me/usage/by-model',
    summary: 'List what your runs have used in a month, model by model',
    metadata: own,
  },
  ofAccount: {
    ...monthly,
    path: '/v1/accounts/{account_id}/usage',
    summary: 'Read what an account has used in a month',
    metadata: account,
  },
  ofAccountDaily: {
    ...byDay,
    path: '/v1/accounts/{account_id}/usage/daily',
    summary: 'List what an account has used, day by day',
    metadata: account,
  },
  ofAccountHourly: {
    ...byHour,
    path: '/v1/accounts/{account_id}/usage/hourly',
    summary: 'List what an account has used, hour by hour',
    metadata: account,
  },
  ofAccountByModel: {
    ...byModel,
    path: '/v1/accounts/{account_id}/usage/by-model',
    summary: 'List what an account has used in a month, model by model',
    metadata: account,
  },
  summary: {
    ...month,
    path: '/v1/admin/usage/summary',
    summary: 'Read what all accounts have used in a month',
    responses: { 200: UsageSummary },
    metadata: platform,
  },
  daily: { ...byDay, path: '/v1/admin/usage/daily', summary: 'List what all accounts have used, day by day', metadata: platform },
  hourly: { ...byHour, path: '/v1/admin/usage/hourly', summary: 'List what all accounts have used, hour by hour', metadata: platform },
  byModel: {
    ...byModel,
    path: '/v1/admin/usage/by-model',
    summary: 'List what all accounts have used in a month, model by model',
    metadata: platform,
  },
} as const satisfies Resource);
