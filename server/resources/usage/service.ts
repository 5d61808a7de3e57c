import type { DaysQuery, MonthQuery } from '../../../contract/usage.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Questions } from './queries.ts';
import * as queries from './queries.ts';

/** A set of usage records: the questions about it, and the values that choose it. */
export type Subject = { questions: Questions; values: readonly string[] };

/** The caller's own runs in the active account. */
export const ownUsage = ({ accountId, actor }: Scope): Subject => ({ questions: queries.ofUser, values: [accountId, actor.userId] });

export const accountUsage = ({ accountId }: Scope): Subject => ({ questions: queries.ofAccount, values: [accountId] });

/** All accounts: only for who administers the platform. */
export const platformUsage: Subject = { questions: queries.ofPlatform, values: [] };

/** A month, the present one (UTC) unless said otherwise. */
export function monthOf({ year, month }: MonthQuery, now = new Date()) {
  return { year: year ?? now.getUTCFullYear(), month: month ?? now.getUTCMonth() + 1 };
}

/** The first and the last day of a month. */
function daysOf({ year, month }: { year: number; month: number }) {
  const day = (at: Date) => at.toISOString().slice(0, 10);
  return [day(new Date(Date.UTC(year, month - 1, 1))), day(new Date(Date.UTC(year, month, 0)))];
}

/** What was used in a month; zeros where nothing was. */
export async function readMonth({ read }: Scope, { questions, values }: Subject, query: MonthQuery) {
  const month = monthOf(query);
  return { ...month, total: (await read.row(questions.total, [...daysOf(month), ...values]))! };
}

/** The days with records, in order. */
export const listDays = ({ read }: Scope, { questions, values }: Subject, { start, end }: DaysQuery) =>
  read.rows(questions.byDay, [start, end, ...values]);

/** The hours with records, in order. */
export const listHours = ({ read }: Scope, { questions, values }: Subject, { start, end }: DaysQuery) =>
  read.rows(questions.byHour, [start, end, ...values]);

/** The models used in a month, those with the most tokens first. */
export const listModels = ({ read }: Scope, { questions, values }: Subject, query: MonthQuery) =>
  read.rows(questions.byModel, [...daysOf(monthOf(query)), ...values]);
