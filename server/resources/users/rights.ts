import { Failure, notFound, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { UserRow } from './queries.ts';
import * as queries from './queries.ts';

/** The user, locked until the commit, after everybody else who administers users is done. Throws 404 once he was deleted. */
export async function lockUser({ tx }: Scope, id: string): Promise<UserRow> {
  await tx.rows(queries.takeTurn);
  const user = await tx.row(queries.lockUser, [id]);
  if (!user) throw notFound();
  return user;
}

/** What a change takes from its user. */
export type Loss = { access: boolean; adminRight: boolean };

/**
 * Throws 409 `cannot_modify_self`, `system_user` or `last_platform_admin` for what nobody may do, and 401 or 403 to an admin who was one when the
 * request came, and is none now that its turn has come.
 */
export async function demandRight({ tx, actor }: Scope, target: UserRow, { access, adminRight }: Loss): Promise<void> {
  const isSelf = target.id === actor.userId;
  if (isSelf && (access || adminRight)) throw refuse('conflict', 'cannot_modify_self', 'Nobody can do this to themselves.');
  if (!target.is_person) throw refuse('conflict', 'system_user', 'The built-in service user stays as it is.');
  const { others, with_actor: isAdmin } = (await tx.row(queries.selectAdmins, [target.id, actor.userId]))!;
  const isActiveAdmin = target.is_platform_admin && target.status === 'active';
  if (isActiveAdmin && (access || adminRight) && others === 0)
    throw refuse('conflict', 'last_platform_admin', 'The platform needs an admin.');
  if (isAdmin) return;
  if (!(await tx.row(queries.isActive, [actor.userId]))) throw refuse('unauthenticated', 'session_revoked', 'The session has ended.');
  throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
}
