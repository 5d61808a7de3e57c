import type { Scope } from '../../http/scope.ts';
import { Failure, failWith, notFound } from '../../platform/failure.ts';
import type { UserRow } from './queries.ts';
import * as queries from './queries.ts';

/** Locks a user until the commit, after all concurrent administration of users. Throws 404 if the user was deleted. */
export async function lockUser({ tx }: Scope, id: string): Promise<UserRow> {
  await tx.rows(queries.acquireUserAdministrationLock);
  const user = await tx.row(queries.lockUser, { id });
  if (!user) throw notFound();
  return user;
}

/** What a change takes away from the user. */
export type RemovedRights = { access: boolean; adminRight: boolean };

/**
 * Throws 409 `cannot_modify_self`, `system_user` or `last_platform_admin`. Throws 401 or 403 if the actor lost their rights while the
 * request waited for the lock.
 */
export async function checkChangeAllowed({ tx, actor }: Scope, target: UserRow, { access, adminRight }: RemovedRights): Promise<void> {
  const isSelf = target.id === actor.userId;
  if (isSelf && (access || adminRight)) throw failWith('conflict', 'cannot_modify_self', 'Nobody can do this to themselves.');
  if (!target.is_person) throw failWith('conflict', 'system_user', 'The built-in service user stays as it is.');
  const { others, with_actor: isAdmin } = (await tx.row(queries.selectAdmins, { targetId: target.id, actorId: actor.userId }))!;
  const isActiveAdmin = target.is_platform_admin && target.status === 'active';
  if (isActiveAdmin && (access || adminRight) && others === 0)
    throw failWith('conflict', 'last_platform_admin', 'The platform needs an admin.');
  if (isAdmin) return;
  if (!(await tx.row(queries.isActive, { id: actor.userId })))
    throw failWith('unauthenticated', 'session_revoked', 'The session has ended.');
  throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: 'platform.admin' });
}
