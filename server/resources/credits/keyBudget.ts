import { type Expression, sql } from 'kysely';
import { type Builder, statement } from '../../database/statement.ts';
import { periodsOf } from '../../http/access/periods.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import { failWith } from '../../platform/failure.ts';
import { reservedCredits } from './reserved.ts';

/** The credit limits of an API key, what it has used of them, and what its open runs and chat completions have reserved. */
export type KeyBudget = {
  credits_per_day: number | null;
  credits_per_month: number | null;
  credits_total: number | null;
  used_today: number;
  used_this_month: number;
  /** Since the start of the month, without a limit in total. */
  used_in_total: number;
  reserved: number;
  /** What is left of the limit that is reached first, including what is reserved. */
  remaining: number;
};

/** Days and months are those of UTC. */
const today = sql<string>`(now() at time zone 'utc')::date`;
const thisMonth = sql<string>`date_trunc('month', now() at time zone 'utc')::date`;

/** No row for a key without credit limits. The reservation of `exceptId` is left out. */
export const keyBudget = (db: Builder, accountId: Expression<string>, keyId: Expression<string | null>, exceptId?: Expression<string>) =>
  db
    .selectFrom(
      db
        .selectFrom('api_keys as k')
        .leftJoin('api_key_usage as u', (join) =>
          join
            .onRef('u.account_id', '=', 'k.account_id')
            .onRef('u.api_key_id', '=', 'k.id')
            .on('u.day', '>=', sql<string>`case when k.credits_total is null then ${thisMonth} else '-infinity'::date end`),
        )
        .select([
          'k.id',
          'k.credits_per_day',
          'k.credits_per_month',
          'k.credits_total',
          sql<number>`coalesce(sum(u.credits) filter (where u.day = ${today}), 0)::bigint`.as('used_today'),
          sql<number>`coalesce(sum(u.credits) filter (where u.day >= ${thisMonth}), 0)::bigint`.as('used_this_month'),
          sql<number>`coalesce(sum(u.credits), 0)::bigint`.as('used_in_total'),
        ])
        .where('k.account_id', '=', accountId)
        .where('k.id', '=', keyId)
        .where(sql<boolean>`num_nonnulls(k.credits_per_day, k.credits_per_month, k.credits_total) > 0`)
        .groupBy(['k.account_id', 'k.id'])
        .as('key'),
    )
    .select(({ ref }) => [
      'key.credits_per_day',
      'key.credits_per_month',
      'key.credits_total',
      'key.used_today',
      'key.used_this_month',
      'key.used_in_total',
      reservedCredits(accountId, exceptId, ref('key.id')).as('reserved'),
      // `least` ignores nulls.
      sql<number>`least(key.credits_per_day - key.used_today, key.credits_per_month - key.used_this_month, key.credits_total - key.used_in_total)`.as(
        'remaining',
      ),
    ]);

/** Read after the lock of the run slots of the account, which guards its reservations. */
export const selectKeyBudget = statement<{ accountId: string; apiKeyId: string }>({ bound: 'one' })((db, $) =>
  keyBudget(db, $.accountId, $.apiKeyId),
);

/** `details` of an error: the limit that is reached first. */
export function describeKeyBudget(budget: KeyBudget, now = databaseDate()) {
  const periods = periodsOf(now);
  const limits = [
    ['credits_per_day', budget.credits_per_day, budget.used_today, periods.day.end],
    ['credits_per_month', budget.credits_per_month, budget.used_this_month, periods.month.end],
    ['credits_total', budget.credits_total, budget.used_in_total, null],
  ] as const;
  const leftOf = ([, limit, used]: (typeof limits)[number]) => (limit === null ? Infinity : limit - used);
  const [name, limit, used, resets_at] = limits.reduce((first, each) => (leftOf(each) < leftOf(first) ? each : first));
  return { budget: name, limit, used, reserved: budget.reserved, resets_at };
}

export const keyBudgetMessage = 'The API key has used up its credits, or its runs and calls under way have reserved them.';

/** The 402 for a key whose credits are used up. */
export const keyBudgetExhausted = (budget: KeyBudget) =>
  failWith('unpaid', 'key_budget_exhausted', keyBudgetMessage, describeKeyBudget(budget));

/** What a key has left of its credits for a new run or chat completion. Throws 402 if that is nothing. */
export function remainingOf(budget: KeyBudget | undefined): number {
  if (!budget) return Infinity;
  const left = budget.remaining - budget.reserved;
  if (left <= 0) throw keyBudgetExhausted(budget);
  return left;
}
