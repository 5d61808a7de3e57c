import { type DaysQuery, type MonthQuery, usage, type UsageSummary } from '../../../contract/usage.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { recheckOf } from '../../http/pipeline/recheck.ts';
import type { Scope } from '../../http/scope.ts';
import { readStorageUsage } from '../quotas/storageUsage.ts';
import { exportUsage } from './export.ts';
import {
  accountUsage,
  listCompletionUsage,
  listDays,
  listHours,
  listModels,
  ownUsage,
  platformUsage,
  readMonth,
  type UsageSelection,
} from './service.ts';
import { viewDay, viewHour, viewModel, viewMonth } from './view.ts';

type UsageRequest<Query> = { scope: Scope; query: Query };

/** The same four reports for each set of usage records. */
const reportHandlers = (subjectOf: (scope: Scope) => UsageSelection) => ({
  month: async ({ scope, query }: UsageRequest<MonthQuery>) => viewMonth(await readMonth(scope, subjectOf(scope), query)),
  days: async ({ scope, query }: UsageRequest<DaysQuery>) => ({
    status: 200 as const,
    body: (await listDays(scope, subjectOf(scope), query)).map(viewDay),
  }),
  hours: async ({ scope, query }: UsageRequest<DaysQuery>) => ({
    status: 200 as const,
    body: (await listHours(scope, subjectOf(scope), query)).map(viewHour),
  }),
  models: async ({ scope, query }: UsageRequest<MonthQuery>) => ({
    status: 200 as const,
    body: (await listModels(scope, subjectOf(scope), query)).map(viewModel),
  }),
});
const withStorage = async (scope: Scope, month: Promise<UsageSummary>) => ({
  status: 200 as const,
  body: { account_id: scope.accountId, ...(await month), storage: await readStorageUsage(scope) },
});
const [own, account, platform] = [reportHandlers(ownUsage), reportHandlers(accountUsage), reportHandlers(() => platformUsage)];

export const usageHandlers = implement(
  usage,
  {},
  {
    mine: async (asked) => withStorage(asked.scope, own.month(asked)),
    mineDaily: own.days,
    mineHourly: own.hours,
    mineByModel: own.models,
    ofAccount: async (asked) => withStorage(asked.scope, account.month(asked)),
    ofAccountDaily: account.days,
    ofAccountHourly: account.hours,
    ofAccountByModel: account.models,
    ofChatCompletions: async ({ scope, query }) => ({ status: 200, body: await listCompletionUsage(scope, query) }),
    exportOfAccount: ({ scope, query, signal, authenticated }) =>
      exportUsage(scope, scope.accountId, query, { closed: signal(), recheck: recheckOf(usage.exportOfAccount, authenticated) }),
    summary: async (asked) => ({ status: 200, body: await platform.month(asked) }),
    export: ({ scope, query, signal, authenticated }) =>
      exportUsage(scope, null, query, { closed: signal(), recheck: recheckOf(usage.export, authenticated) }),
    daily: platform.days,
    hourly: platform.hours,
    byModel: platform.models,
  },
);
