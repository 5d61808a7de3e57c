import { type Expression, sql } from 'kysely';
import type { Builder, Parameters } from '../../database/statement.ts';
import { keyBudget, type KeyBudget } from './keyBudget.ts';
import { reservedCredits } from './reserved.ts';

type Wanted = Parameters<{ accountId: string; wanted: number; billed: number }>;

/** All of what is wanted, if `left` minus what others have reserved covers it; else all of `left` if nothing else is reserved and `left` exceeds what is billed; else null. */
const share = ($: Wanted, [left, others]: [left: string, others: string]) =>
  sql<number | null>`case when ${sql.ref(left)} - ${sql.ref(others)} >= ${$.wanted}::bigint then ${$.wanted}::bigint
    when ${sql.ref(others)} = 0 and ${sql.ref(left)} > ${$.billed}::bigint then ${sql.ref(left)} end`;

/** A run or chat completion, and a query of the API key that started it. */
type Caller = { id: Expression<string>; keyId: Expression<string | null> };

/**
 * Decides how many of `wanted` credits a run or chat completion gets; `billed` is the price of its calls so far. All or nothing, because a partly covered
 * call can overspend. Exception: the only reservation of an account gets the whole balance if that exceeds `billed`. The limits of an API key that
 * started it are decided in the same way. `decision.key_budget` is null unless they are the reason for a refusal. Materialized, so that the sums are
 * calculated once.
 */
export const decideReservation = (db: Builder, { id, keyId }: Caller, $: Wanted) =>
  db
    .with(
      (cte) => cte('account').materialized(),
      (qc) =>
        qc.selectNoFrom((eb) => [
          eb.fn
            .coalesce(eb.selectFrom('credit_balances').select('balance').where('account_id', '=', $.accountId), sql<number>`0`)
            .as('balance'),
          reservedCredits($.accountId, id).as('others'),
        ]),
    )
    .with(
      (cte) => cte('budget').materialized(),
      () => keyBudget(db, $.accountId, keyId, id),
    )
    .with(
      (cte) => cte('shares').materialized(),
      (qc) =>
        qc
          .selectFrom('account')
          .leftJoin('budget', (join) => join.onTrue())
          .select([
            'account.balance',
            'account.others',
            share($, ['account.balance', 'account.others']).as('of_account'),
            sql<
              number | null
            >`case when budget.remaining is null then ${$.wanted}::bigint else ${share($, ['budget.remaining', 'budget.reserved'])} end`.as(
              'of_key',
            ),
            sql<KeyBudget | null>`to_jsonb(budget)`.as('budget'),
          ]),
    )
    .with('decision', (qc) =>
      qc.selectFrom('shares').select([
        'balance',
        'others',
        // `least` ignores nulls.
        sql<number | null>`case when of_account is not null and of_key is not null then least(of_account, of_key) end`.as('granted'),
        sql<KeyBudget | null>`case when of_key is null then budget end`.as('key_budget'),
      ]),
    );
