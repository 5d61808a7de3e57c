import { type Expression, expressionBuilder, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import { openStatuses } from '../runs/statuses.ts';
import { maxCredits } from './ledger.ts';

/**
 * Credits reserved by the open runs of an account, including those of sub-agents, except one run. Calculated from the runs, so a run that has ended reserves nothing.
 */
export function reservedCredits(accountId: Expression<string>, exceptRunId?: Expression<string>): RawBuilder<number> {
  const reserved = expressionBuilder<Tables>()
    .selectFrom('runs as r')
    .select(({ fn }) => fn.sum<number>('r.reserved_credits').as('reserved'))
    .where('r.account_id', '=', accountId)
    .where('r.status', 'in', openStatuses)
    .$if(exceptRunId !== undefined, (query) => query.where('r.id', '<>', exceptRunId!));
  return sql<number>`least(coalesce(${reserved}, 0), ${sql.lit(maxCredits)})::bigint`;
}
