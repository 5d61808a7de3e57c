import { type Expression, expressionBuilder, type RawBuilder, sql } from 'kysely';
import type { Builder, Parameters } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { openStatuses } from '../runs/statuses.ts';
import { maxCredits } from './ledger.ts';

/** Credits reserved by the running chat completions of an account, except one. */
export const reservedByCompletions = (accountId: Expression<string>, exceptId?: Expression<string>) =>
  expressionBuilder<Tables>()
    .selectFrom('chat_completions as cc')
    .select(({ fn }) => fn.sum<number>('cc.reserved_credits').as('reserved'))
    .where('cc.account_id', '=', accountId)
    .where('cc.status', '=', sql.lit('running' as const))
    .$if(exceptId !== undefined, (query) => query.where('cc.id', '<>', exceptId!));

/**
 * Credits reserved by the open runs of an account, including those of sub-agents, and by its running chat completions, except one of them. Calculated
 * from their rows, so one that has ended reserves nothing.
 */
export function reservedCredits(accountId: Expression<string>, exceptId?: Expression<string>): RawBuilder<number> {
  const reserved = expressionBuilder<Tables>()
    .selectFrom('runs as r')
    .select(({ fn }) => fn.sum<number>('r.reserved_credits').as('reserved'))
    .where('r.account_id', '=', accountId)
    .where('r.status', 'in', openStatuses)
    .$if(exceptId !== undefined, (query) => query.where('r.id', '<>', exceptId!));
  const completions = reservedByCompletions(accountId, exceptId);
  return sql<number>`least(coalesce(${reserved}, 0) + coalesce(${completions}, 0), ${sql.lit(maxCredits)})::bigint`;
}

/**
 * Decides how many of `wanted` credits a run or chat completion gets; `billed` is the price of its calls so far. All or nothing, because a partly covered
 * call can overspend. Exception: the only reservation of an account gets the whole balance if that exceeds `billed`.
 */
export const decideReservation = (
  db: Builder,
  id: Expression<string>,
  $: Parameters<{ accountId: string; wanted: number; billed: number }>,
) =>
  db
    .with('account', (qc) =>
      qc.selectNoFrom((eb) => [
        eb.fn
          .coalesce(eb.selectFrom('credit_balances').select('balance').where('account_id', '=', $.accountId), sql<number>`0`)
          .as('balance'),
        reservedCredits($.accountId, id).as('others'),
      ]),
    )
    .with('decision', (qc) =>
      qc
        .selectFrom('account')
        .select([
          'balance',
          'others',
          sql<
            number | null
          >`case when balance - others >= ${$.wanted}::bigint then ${$.wanted}::bigint when others = 0 and balance > ${$.billed}::bigint then balance end`.as(
            'granted',
          ),
        ]),
    );
