import { expressionBuilder, type RawBuilder, sql } from 'kysely';
import type { WithAlias } from '../../database/statement.ts';

/** Whether project `p` is shared with a user, either with the whole account or with one of their teams. */
export function isSharedWith(userId: RawBuilder<string>) {
  const eb = expressionBuilder<WithAlias<'projects', 'p'>, 'p'>();
  const team = eb
    .selectFrom('team_members as tm')
    .select(sql.lit(1).as('one'))
    .whereRef('tm.account_id', '=', 'p.account_id')
    .whereRef('tm.team_id', '=', 'p.team_id')
    .where('tm.user_id', '=', userId);
  return eb.and([eb('p.visibility', '=', sql.lit('shared' as const)), eb.or([eb('p.team_id', 'is', null), eb.exists(team)])]);
}
