import { expressionBuilder, sql } from 'kysely';
import type { Parameters, WithAlias } from '../../database/statement.ts';
import { isProjectVisible } from '../projects/visibility.ts';

type Viewer = { accountId: string; userId: string; seesAll: boolean };

export function isThreadAlive() {
  const eb = expressionBuilder<WithAlias<'threads', 't'>, 't'>();
  return eb.and([eb('t.deleted_at', 'is', null), eb.or([eb('t.expires_at', 'is', null), eb('t.expires_at', '>', sql<string>`now()`)])]);
}

/**
 * Whether thread `t` is in a shared project that a user may see. The account is a parameter: by that of `t`, PostgreSQL may hash the projects of all
 * accounts.
 */
function isInVisibleSharedProject(seer: Parameters<Viewer>) {
  const eb = expressionBuilder<WithAlias<'threads', 't'>, 't'>();
  return eb.exists(
    eb
      .selectFrom('projects as p')
      .select(sql.lit(1).as('one'))
      .where('p.account_id', '=', seer.accountId)
      .whereRef('p.id', '=', 't.project_id')
      .where('p.visibility', '=', sql.lit('shared' as const))
      .where(isProjectVisible(seer)),
  );
}

/**
 * Whether a user may read thread `t` of the account: their own, or one in a shared project that is not private. Excludes deleted and expired
 * threads, and the hidden threads of sub-agents.
 */
export function isThreadReadable(seer: Parameters<Viewer>) {
  const eb = expressionBuilder<WithAlias<'threads', 't'>, 't'>();
  return eb.and([
    isThreadAlive(),
    eb('t.root_thread_id', 'is', null),
    eb.or([
      eb('t.created_by_user_id', '=', seer.userId),
      eb.and([eb('t.is_private', '=', sql.lit(false)), isInVisibleSharedProject(seer)]),
    ]),
  ]);
}
