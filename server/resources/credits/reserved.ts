import { type Expression, expressionBuilder, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { openStatuses } from '../runs/statuses.ts';
import { maxCredits } from './ledger.ts';

type Except = Expression<string> | undefined;

/** Credits reserved by the running chat completions of an account, or of one of its API keys, except one. */
export const reservedByCompletions = (accountId: Expression<string>, exceptId?: Except, keyId?: Expression<string>) =>
  expressionBuilder<Tables>()
    .selectFrom('chat_completions as cc')
    .select(({ fn }) => fn.sum<number>('cc.reserved_credits').as('reserved'))
    .where('cc.account_id', '=', accountId)
    .where('cc.status', '=', sql.lit('running' as const))
    .$if(keyId !== undefined, (query) => query.where('cc.api_key_id', '=', keyId!))
    .$if(exceptId !== undefined, (query) => query.where('cc.id', '<>', exceptId!));

/**
 * Credits reserved by the open runs of an account, or of one of its API keys, including those of sub-agents, and by its running chat completions,
 * except one of them. Calculated from their rows, so one that has ended reserves nothing.
 */
export function reservedCredits(accountId: Expression<string>, exceptId?: Except, keyId?: Expression<string>): RawBuilder<number> {
  const reserved = expressionBuilder<Tables>()
    .selectFrom('runs as r')
    .select(({ fn }) => fn.sum<number>('r.reserved_credits').as('reserved'))
    .where('r.account_id', '=', accountId)
    .where('r.status', 'in', openStatuses)
    .$if(keyId !== undefined, (query) => query.where('r.api_key_id', '=', keyId!))
    .$if(exceptId !== undefined, (query) => query.where('r.id', '<>', exceptId!));
  const completions = reservedByCompletions(accountId, exceptId, keyId);
  return sql<number>`least(coalesce(${reserved}, 0) + coalesce(${completions}, 0), ${sql.lit(maxCredits)})::bigint`;
}
