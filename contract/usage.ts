import { z } from 'zod';
import { ChatCompletionUsage } from './chatCompletions.ts';
import { dayParam } from './credits.ts';
import { exportFormat, exportNotes } from './exports.ts';
import { Id, inconsistentValues, intParam, Time } from './shared/fields.ts';
import { declareFile, initContract, type Resource } from './shared/route.ts';

const count = z.int().min(0);
const cost = z.number().min(0).meta({ description: 'US dollars, to 6 decimal places.' });

const totals = {
  year: z.int().meta({ description: 'Year of the month (UTC).' }),
  month: z.int().min(1).max(12).meta({ description: 'Month (UTC), from 1 for January.' }),
  total_input_tokens: count.meta({ description: 'Tokens of all prompts.' }),
  total_output_tokens: count.meta({ description: 'Tokens written by the models.' }),
  total_cache_creation_tokens: count.meta({ description: 'Prompt tokens written to caches (Anthropic).' }),
  total_cache_read_tokens: count.meta({ description: 'Prompt tokens read from caches (Anthropic).' }),
  total_cached_tokens: count.meta({ description: 'Prompt tokens read from caches (OpenAI).' }),
  total_cost_usd: cost,
  record_count: count.meta({ description: 'Runs and chat completions that ended in the month.' }),
};

const StoredBytes = z
  .object({
    used_bytes: count.meta({ description: 'Stored bytes.' }),
    limit_bytes: count.nullable().meta({ description: 'Null means no limit.' }),
  })
  .meta({ id: 'StoredBytes', description: 'Stored bytes and their limit.' });

export const StorageUsage = z
  .object({
    attachments: StoredBytes.meta({ description: 'Uploaded files, also staged ones.' }),
    events: StoredBytes.meta({ description: 'Events of ended runs.' }),
    messages: StoredBytes.meta({
      description: 'Message text, plus 256 bytes per message, 1,024 bytes per thread and 512 bytes per share.',
    }),
    workspaces: StoredBytes.meta({ description: 'Files of all workspaces and their revisions.' }),
  })
  .meta({ id: 'StorageUsage', description: 'Current storage of an account and its quotas, until it is removed.' });
export type StorageUsage = z.infer<typeof StorageUsage>;

export const MonthlyUsage = z
  .object({
    account_id: Id.meta({ description: 'The account.' }),
    ...totals,
    storage: StorageUsage.meta({ description: 'Current storage of the whole account, whatever the month.' }),
  })
  .meta({
    id: 'MonthlyUsage',
    description: 'Usage of an account, or of one user in it, in a month (UTC), and the current storage of the account.',
  });
export type MonthlyUsage = z.infer<typeof MonthlyUsage>;

export const UsageSummary = z.object(totals).meta({ id: 'UsageSummary', description: 'Usage of all accounts in a month (UTC).' });
export type UsageSummary = z.infer<typeof UsageSummary>;

const used = {
  input_tokens: count.meta({ description: 'Tokens of all prompts.' }),
  output_tokens: count.meta({ description: 'Tokens written by the models.' }),
  cost_usd: cost,
  record_count: count.meta({ description: 'Runs and chat completions that ended in this time.' }),
};

export const DailyUsage = z
  .object({ date: z.iso.date().meta({ description: 'The day (UTC), such as `2026-01-31`.' }), ...used })
  .meta({ id: 'DailyUsage', description: 'Usage of a day (UTC).' });
export type DailyUsage = z.infer<typeof DailyUsage>;

export const HourlyUsage = z
  .object({ hour: Time.meta({ description: 'Start of the hour.' }), ...used })
  .meta({ id: 'HourlyUsage', description: 'Usage of an hour (UTC).' });
export type HourlyUsage = z.infer<typeof HourlyUsage>;

export const ModelUsage = z
  .object({
    model: z.string().meta({ description: '`unknown` if a run ended before a model was selected.' }),
    ...used,
    cache_creation_tokens: count.meta({ description: 'Prompt tokens written to caches (Anthropic).' }),
    cache_read_tokens: count.meta({ description: 'Prompt tokens read from caches (Anthropic).' }),
    cached_tokens: count.meta({ description: 'Prompt tokens read from caches (OpenAI).' }),
  })
  .meta({ id: 'ModelUsage', description: 'Usage of a model in a month (UTC).' });
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

export const UsageExportQuery = DaysQuery.safeExtend({ format: exportFormat });
export type UsageExportQuery = z.infer<typeof UsageExportQuery>;

const own = { auth: 'user+key', report: true } as const;
const account = {
  auth: 'user+key',
  read: 'data.usage.read',
  exempt: 'platform.admin',
  service: ['platform.usage.read'],
  report: true,
} as const;
const platform = { auth: 'platform', permission: 'platform.usage.read', report: true } as const;

const exported = { method: 'GET', query: UsageExportQuery, responses: { 200: declareFile() } } as const;
/** The fields of an exported record, in this order. */
export const usageRecordFields = [
  'account_id',
  'run_id',
  'usage_type',
  'model',
  'user_id',
  'input_tokens',
  'output_tokens',
  'cache_creation_tokens',
  'cache_read_tokens',
  'cached_tokens',
  'cost_usd',
  'shortfall',
  'estimated',
  'recorded_at',
] as const;
const recordNotes =
  'A record for each run and each chat completion that ended in the range: `account_id`, `run_id` (or the ID of the chat completion), `usage_type`, `model`, `user_id`, `input_tokens`, `output_tokens`, `cache_creation_tokens`, `cache_read_tokens`, `cached_tokens`, `cost_usd`, `shortfall` (credits that the balance did not cover), `estimated` and `recorded_at`.';
const month = { method: 'GET', query: MonthQuery } as const;
const days = { method: 'GET', query: DaysQuery } as const;
const byDay = { ...days, responses: { 200: z.array(DailyUsage) } } as const;
const byHour = { ...days, responses: { 200: z.array(HourlyUsage) } } as const;
const byModel = { ...month, responses: { 200: z.array(ModelUsage) } } as const;
const monthly = { ...month, responses: { 200: MonthlyUsage } } as const;

export const usage = initContract().router({
  mine: {
    ...monthly,
    path: '/v1/me/usage',
    summary: 'Retrieve your usage for a month',
    description:
      'Counts your own runs in the active account, when they end. Compare `storage` with its limits to warn before uploads fail.',
    metadata: own,
  },
  mineDaily: {
    ...byDay,
    path: '/v1/me/usage/daily',
    summary: 'List your usage by day',
    description: 'Counts your own runs in the active account. Days without runs are left out; fill them with 0 for a chart.',
    metadata: own,
  },
  mineHourly: {
    ...byHour,
    path: '/v1/me/usage/hourly',
    summary: 'List your usage by hour',
    description: 'Counts your own runs in the active account. Hours without runs are left out; fill them with 0 for a chart.',
    metadata: own,
  },
  mineByModel: {
    ...byModel,
    path: '/v1/me/usage/by-model',
    summary: 'List your usage for a month by model',
    description: 'Counts your own runs in the active account. Models with the most tokens come first.',
    metadata: own,
  },
  ofAccount: {
    ...monthly,
    path: '/v1/accounts/{account_id}/usage',
    summary: 'Retrieve the usage of an account for a month',
    description: 'Counts the runs of all members. Platform admins can name every account.',
    metadata: account,
  },
  ofAccountDaily: {
    ...byDay,
    path: '/v1/accounts/{account_id}/usage/daily',
    summary: 'List the usage of an account by day',
    description: 'Counts the runs of all members. Days without runs are left out; fill them with 0 for a chart.',
    metadata: account,
  },
  ofAccountHourly: {
    ...byHour,
    path: '/v1/accounts/{account_id}/usage/hourly',
    summary: 'List the usage of an account by hour',
    description: 'Counts the runs of all members. Hours without runs are left out; fill them with 0 for a chart.',
    metadata: account,
  },
  ofAccountByModel: {
    ...byModel,
    path: '/v1/accounts/{account_id}/usage/by-model',
    summary: 'List the usage of an account for a month by model',
    description: 'Counts the runs of all members. Models with the most tokens come first.',
    metadata: account,
  },
  ofChatCompletions: {
    ...month,
    path: '/v1/accounts/{account_id}/usage/chat-completions',
    summary: 'List the usage of chat completions for a month by API key and model',
    description:
      'The part of the usage of the account that chat completions caused. Keys and models with the most tokens come first. Names of keys are in the list of API keys.',
    responses: { 200: z.array(ChatCompletionUsage) },
    metadata: account,
  },
  exportOfAccount: {
    ...exported,
    path: '/v1/accounts/{account_id}/usage/export',
    summary: 'Download the usage records of an account, newest first',
    description: `${recordNotes} ${exportNotes}`,
    metadata: {
      auth: 'user+key',
      read: 'data.usage.read',
      exempt: 'platform.admin',
      service: ['platform.usage.read'],
      auditOnRead: ['usage.export', 'account'],
      rateLimit: 'row_export',
    },
  },
  summary: {
    ...month,
    path: '/v1/admin/usage/summary',
    summary: 'Retrieve the usage of all accounts for a month',
    description: 'Counts all runs of the installation that ended in the month.',
    responses: { 200: UsageSummary },
    metadata: platform,
  },
  export: {
    ...exported,
    path: '/v1/admin/usage/export',
    summary: 'Download the usage records of all accounts, newest first',
    description: `${recordNotes} ${exportNotes}`,
    metadata: {
      auth: 'platform',
      permission: 'platform.usage.read',
      auditOnRead: ['usage.export', 'platform'],
      rateLimit: 'row_export',
    },
  },
  daily: {
    ...byDay,
    path: '/v1/admin/usage/daily',
    summary: 'List the usage of all accounts by day',
    description: 'Counts all runs of the installation. Days without runs are left out; fill them with 0 for a chart.',
    metadata: platform,
  },
  hourly: {
    ...byHour,
    path: '/v1/admin/usage/hourly',
    summary: 'List the usage of all accounts by hour',
    description: 'Counts all runs of the installation. Hours without runs are left out; fill them with 0 for a chart.',
    metadata: platform,
  },
  byModel: {
    ...byModel,
    path: '/v1/admin/usage/by-model',
    summary: 'List the usage of all accounts for a month by model',
    description: 'Counts all runs of the installation. Models with the most tokens come first.',
    metadata: platform,
  },
} as const satisfies Resource);
