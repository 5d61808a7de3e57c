import type { DaysQuery, MonthQuery } from '../../../contract/usage.ts';
import type { Scope } from '../../http/scope.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import type { UsageFilter, UsageReports } from './queries.ts';
import * as queries from './queries.ts';

/** A set of usage records: the statements, and the parameters that select it. */
export type UsageSelection = { reports: UsageReports; filter: UsageFilter };

/** The caller's own runs in the active account. */
export const ownUsage = ({ accountId, actor }: Scope): UsageSelection => ({
  reports: queries.userReports,
  filter: { accountId, userId: actor.userId },
});

export const accountUsage = ({ accountId }: Scope): UsageSelection => ({
  reports: queries.accountReports,
  filter: { accountId, userId: null },
});

export const platformUsage: UsageSelection = { reports: queries.platformReports, filter: { accountId: null, userId: null } };

/** Defaults to the current month in UTC. */
function monthOf({ year, month }: MonthQuery, now = databaseDate()) {
  return { year: year ?? now.getUTCFullYear(), month: month ?? now.getUTCMonth() + 1 };
}

function daysOf({ year, month }: { year: number; month: number }) {
  const day = (at: Date) => at.toISOString().slice(0, 10);
  return { start: day(new Date(Date.UTC(year, month - 1, 1))), end: day(new Date(Date.UTC(year, month, 0))) };
}

/** Sums are 0 for a month without records. */
export async function readMonth({ db }: Scope, { reports, filter }: UsageSelection, query: MonthQuery) {
  const month = monthOf(query);
  return { ...month, total: (await db.row(reports.total, { ...daysOf(month), ...filter }))! };
}

/** Only days with records, ascending. */
export const listDays = ({ db }: Scope, { reports, filter }: UsageSelection, { start, end }: DaysQuery) =>
  db.rows(reports.byDay, { start, end, ...filter });

/** Only hours with records, ascending. */
export const listHours = ({ db }: Scope, { reports, filter }: UsageSelection, { start, end }: DaysQuery) =>
  db.rows(reports.byHour, { start, end, ...filter });

/** Ordered by tokens, descending. */
export const listCompletionUsage = ({ db, accountId }: Scope, query: MonthQuery) =>
  db.rows(queries.selectCompletionUsage, { ...daysOf(monthOf(query)), accountId });

/** Ordered by tokens, descending. */
export const listModels = ({ db }: Scope, { reports, filter }: UsageSelection, query: MonthQuery) =>
  db.rows(reports.byModel, { ...daysOf(monthOf(query)), ...filter });
