import { expressionBuilder, sql } from 'kysely';
import type { Parameters, WithAlias } from '../../database/statement.ts';
import { isSharedWith } from '../teams/visibility.ts';

/**
 * Whether a user may see project `p`: their own projects, those shared with the account or one of their teams. With `seesAll`, all
 * projects.
 */
export function isProjectVisible({ userId, seesAll }: Parameters<{ userId: string; seesAll: boolean }>) {
  const eb = expressionBuilder<WithAlias<'projects', 'p'>, 'p'>();
  return eb.and([
    eb('p.deleted_at', 'is', null),
    eb.or([eb('p.owner_user_id', '=', userId), eb(sql<boolean>`${seesAll}::boolean`, 'is', sql.lit(true)), isSharedWith(userId)]),
  ]);
}
