import type { Actor } from '../../http/access/accessTypes.ts';
import type { App } from '../../http/app.ts';
import type { Scope } from '../../http/scope.ts';
import { requestCancel } from '../runs/cancel.ts';
import { deleteEndpointsOf } from '../webhooks/queries.ts';
import * as queries from './memberQueries.ts';
import { deleteInvitations, lockRunSlots, markClosed, selectOpenRuns } from './queries.ts';

/** What a request, or a job, needs to end access. */
export type EndingScope = Pick<Scope, 'tx' | 'afterCommit'> & {
  /** Jobs have no access control, because they cache no access. */
  readonly app: Pick<App, 'database' | 'queue' | 'runNotifier'> & Partial<Pick<App, 'accessControl'>>;
  readonly actor: Pick<Actor, 'userId'>;
};

/**
 * Ends all access of the users to an account. Deletes memberships (with team memberships, schedules, memories and open invitations) and share links,
 * revokes API keys, cancels runs, and switches sessions to the personal account. Creating a key locks the session and the membership, so a concurrent key is either
 * created before and revoked here, or not created. The caller must hold the account lock.
 */
export async function endAccess(scope: EndingScope, accountId: string, userIds: readonly string[]): Promise<void> {
  const { app, tx, afterCommit } = scope;
  for (const end of [queries.moveSessions, queries.deleteMemberships, queries.revokeKeys, queries.deleteShares])
    await tx.run(end, { accountId, userIds });
  // A start that has this lock commits before the runs are read; a later one finds no membership. Schedules that start runs are locked before, as here.
  await tx.rows(lockRunSlots, { accountId });
  await cancelRuns(scope, accountId, userIds);
  afterCommit(() => {
    for (const userId of userIds) app.accessControl?.invalidateUser(userId);
  });
}

/** Closes an account and ends all access to it. The caller must hold the account lock. Returns the number of members. */
export async function closeLockedAccount(scope: EndingScope, accountId: string): Promise<number> {
  const { tx } = scope;
  const members = await tx.rows(queries.selectMemberIds, { accountId });
  await endAccess(
    scope,
    accountId,
    members.map(({ user_id }) => user_id),
  );
  for (const end of [deleteInvitations, markClosed, deleteEndpointsOf]) await tx.run(end, { accountId });
  await cancelRuns(scope, accountId);
  return members.length;
}

/** Cancels the open runs of an account, or only those of some users. */
export async function cancelRuns(scope: EndingScope, accountId: string, userIds: readonly string[] | null = null): Promise<void> {
  for (const { id } of await scope.tx.rows(selectOpenRuns, { accountId, userIds })) await requestCancel({ ...scope, accountId }, id, {});
}
