import type { Scope } from '../../kernel/scope.ts';
import { requestCancel } from '../runs/cancel.ts';
import { deleteEndpointsOf } from '../webhooks/queries.ts';
import * as queries from './memberQueries.ts';
import { deleteInvitations, markClosed, selectOpenRuns } from './queries.ts';

/**
 * End all that users have of an account: memberships, also in its teams, open invitations, keys, share links, and sessions that are in it. A key is made under
 * the locks of a session and a membership, so it is made before and revoked here, or never. The caller holds the lock of the account.
 */
export async function endAccess({ app, tx, afterCommit }: Scope, accountId: string, userIds: readonly string[]): Promise<void> {
  for (const end of [queries.moveSessions, queries.deleteMemberships, queries.revokeKeys, queries.deleteShares])
    await tx.run(end, [accountId, userIds]);
  afterCommit(() => {
    for (const userId of userIds) app.access.forgetUser(userId);
  });
}

/** Close an account, which the caller has locked, with everything in it that somebody could still use. Answers with the number of its members. */
export async function endAccount(scope: Scope, accountId: string): Promise<number> {
  const { tx } = scope;
  const members = await tx.rows(queries.selectMemberIds, [accountId]);
  await endAccess(
    scope,
    accountId,
    members.map(({ user_id }) => user_id),
  );
  for (const end of [deleteInvitations, markClosed, deleteEndpointsOf]) await tx.run(end, [accountId]);
  await cancelRuns(scope, accountId);
  return members.length;
}

/** Ask every run of an account to stop. */
export async function cancelRuns(scope: Scope, accountId: string): Promise<void> {
  for (const { id } of await scope.tx.rows(selectOpenRuns, [accountId])) await requestCancel({ ...scope, accountId }, id, {});
}
