import type { RequestScope } from '../../kernel/scope.ts';
import { queueMail } from '../email/queue.ts';
import { notify } from '../notifications/service.ts';
import { requestCancel } from '../runs/cancel.ts';
import { selectOpenRuns } from './queries.ts';
import * as queries from './resetQueries.ts';

/**
 * Ends all access that earlier holders of a user have: the password, every session but `kept`, API keys, open invitations, share
 * links and open runs; and, in accounts without other members, what carries data outside or keeps people out. Texts and memberships stay. The user
 * is told by mail and notification. The caller holds the lock of the user. Sessions end before keys, because a key is made under the lock of one.
 */
export async function resetAccess(scope: RequestScope, userId: string, kept?: string): Promise<void> {
  const { app, tx } = scope;
  await tx.run(queries.deletePassword, [userId]);
  const ended = {
    sessions: await tx.run(queries.endSessions, [userId, kept ?? null]),
    api_keys: await tx.run(queries.revokeKeys, [userId]),
    invitations: await tx.run(queries.deleteInvitations, [userId]),
    shares: await tx.run(queries.deleteShares, [userId]),
    runs: await cancelRuns(scope, userId),
    connections: await endConnections(scope, userId),
  };
  const { home, email, locale, shared_accounts: shared } = (await tx.row(queries.selectTold, [userId]))!;
  const facts = { ...ended, shared_accounts: shared };
  await notify(tx, { accountId: home, userIds: [userId], type: 'user.access_reset', ...text, payload: facts });
  await queueMail(scope, { kind: 'access_reset', to: email, locale, data: {} });
  scope.audit({
    action: 'user.access_reset',
    accountId: home,
    actorId: userId,
    targetType: 'user',
    targetId: userId,
    metadata: facts,
  });
  scope.afterCommit(() => app.access.forgetUser(userId));
}

const text = {
  title: 'Access to your account was reset',
  body:
    'Your email address was confirmed for the first time, and not with the password of the account. Somebody else may have chosen that ' +
    'password, so it no longer works. All other sessions, API keys, share links and open invitations have ended, and webhooks, providers, ' +
    'tool servers and IP rules of accounts that are only yours are off or removed. Set a new password.',
};

async function cancelRuns(scope: RequestScope, userId: string): Promise<number> {
  const runs = await scope.tx.rows(selectOpenRuns, [userId]);
  for (const { id, account_id: accountId } of runs) await requestCancel({ ...scope, actor: { userId }, accountId }, id, {});
  return runs.length;
}

/** Switches off, or where there is no switch removes, what accounts without other members send to the outside or are restricted by. */
async function endConnections({ app, tx, afterCommit }: RequestScope, userId: string): Promise<number> {
  let count = 0;
  for (const { account_id: accountId } of await tx.rows(queries.selectOwnAccounts, [userId]))
    for (const { end, changed } of queries.connections) {
      const rows = await tx.run(end, [accountId]);
      count += rows;
      if (rows > 0 && changed) afterCommit(() => app.changes.announce(changed, accountId));
    }
  return count;
}
