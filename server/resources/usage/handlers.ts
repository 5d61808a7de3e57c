import { type DaysQuery, type MonthQuery, type UsageSummary, usage } from '../../../contract/usage.ts';
import { implement } from '../../http/implement.ts';
import type { Scope } from '../../kernel/scope.ts';
import { readStorage } from '../quotas/storage.ts';
import { accountUsage, listDays, listHours, listModels, ownUsage, platformUsage, readMonth, type Subject } from './service.ts';
import { viewDay, viewHour, viewModel, viewMonth } from './view.ts';

type Asked<Query> = { scope: Scope; query: Query };

/** The same four questions about one set of records after the other. */
const about = (subjectOf: (scope: Scope) => Subject) => ({
  month: async ({ scope, query }: Asked<MonthQuery>) => viewMonth(await readMonth(scope, subjectOf(scope), query)),
  days: async ({ scope, query }: Asked<DaysQuery>) => ({
    status: 200 as const,
    body: (await listDays(scope, subjectOf(scope), query)).map(viewDay),
  }),
  hours: async ({ scope, query }: Asked<DaysQuery>) => ({
    status: 200 as const,
    body: (await listHours(scope, subjectOf(scope), query)).map(viewHour),
  }),
  models: async ({ scope, query }: Asked<MonthQuery>) => ({
    status: 200 as const,
    body: (await listModels(scope, subjectOf(scope), query)).map(viewModel),
  }),
});
/** A month of an account, with what it stores now. */
const ofAccount = async (scope: Scope, month: Promise<UsageSummary>) => ({
  status: 200 as const,
  body: { account_id: scope.accountId, ...(await month), storage: await readStorage(scope) },
});
const [own, account, platform] = [about(ownUsage), about(accountUsage), about(() => platformUsage)];

export const usageHandlers = implement(
  usage,
  {},
  {
    mine: async (asked) => ofAccount(asked.scope, own.month(asked)),
    mineDaily: own.days,
    mineHourly: own.hours,
    mineByModel: own.models,
    ofAccount: async (asked) => ofAccount(asked.scope, account.month(asked)),
    ofAccountDaily: account.days,
    ofAccountHourly: account.hours,
    ofAccountByModel: account.models,
    summary: async (asked) => ({ status: 200, body: await platform.month(asked) }),
    daily: platform.days,
    hourly: platform.hours,
    byModel: platform.models,
  },
);
