import type { Scope } from '../../kernel/scope.ts';
import * as queries from './memberQueries.ts';

/**
 * End all that users have of an account: memberships, also in its teams, keys, and sessions that are in it. The memberships go first: a key is
 * made under the lock of one, so it is made before and revoked here, or never. The caller holds the lock of the account.
 */
export async function endAccess({ app, tx, afterCommit }: Scope, accountId: string, userIds: readonly string[]): Promise<void> {
  for (const end of [queries.deleteMemberships, queries.revokeKeys, queries.moveSessions]) await tx.run(end, [accountId, userIds]);
  afterCommit(() => {
    for (const userId of userIds) app.access.forgetUser(userId);
  });
}
