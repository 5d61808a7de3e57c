import type { RequestScope } from '../../http/scope.ts';
import { queueMail } from '../email/queue.ts';
import { deleteIdentities } from '../identities/queries.ts';
import { notifyUsers } from '../notifications/service.ts';
import { deletePasskeys } from '../passkeys/deletePasskeys.ts';
import { requestCancel } from '../runs/cancel.ts';
import { pauseSchedule } from '../schedules/service.ts';
import { deleteChallenges } from '../secondFactor/queries.ts';
import { selectOpenRuns } from './queries.ts';
import * as queries from './resetQueries.ts';

/**
 * Ends all access of previous holders of a user: the password, passkeys, linked identities, every session but `kept`, API keys, open invitations, share links and open
 * runs. Schedules are paused. In accounts without other members it also disables connections, see `endConnections`. Texts and memberships remain. The user is
 * notified by email and notification. The caller holds the lock of the user. Sessions end before API keys, because creating a key locks a
 * session. See docs/decisions/0018-first-proof-of-an-address.md.
 */
export async function resetAccess(scope: RequestScope, userId: string, kept?: string): Promise<void> {
  const { app, tx } = scope;
  await tx.run(queries.deletePassword, { userId });
  await tx.run(deleteChallenges, { userId });
  await tx.run(deleteIdentities, { userId });
  await deletePasskeys(scope, userId);
  const ended = {
    sessions: await tx.run(queries.endSessions, { userId, keptId: kept ?? null }),
    api_keys: await tx.run(queries.revokeKeys, { userId }),
    invitations: await tx.run(queries.deleteInvitations, { userId }),
    shares: await tx.run(queries.deleteShares, { userId }),
    runs: await cancelRuns(scope, userId),
    schedules: await pauseSchedules(scope, userId),
    connections: await endConnections(scope, userId),
  };
  const { home, email, locale, shared_accounts: shared } = (await tx.row(queries.selectNotificationTarget, { userId }))!;
  const facts = { ...ended, shared_accounts: shared };
  await notifyUsers(tx, { accountId: home, userIds: [userId], type: 'user.access_reset', ...notificationText, payload: facts });
  await queueMail(scope, { kind: 'access_reset', to: email, locale, data: {} });
  scope.audit({
    action: 'user.access_reset',
    accountId: home,
    actorId: userId,
    targetType: 'user',
    targetId: userId,
    metadata: facts,
  });
  scope.afterCommit(() => app.accessControl.invalidateUser(userId));
}

const notificationText = {
  title: 'Access to your account was reset',
  body:
    'Your email address was confirmed for the first time, and not with the password of the account. Somebody else may have chosen that ' +
    'password, so it no longer works. All other sessions, API keys, share links and open invitations have ended, your schedules are paused, and webhooks, ' +
    'providers, tool servers, personas, skills and IP rules of accounts that are only yours are off or removed. Set a new password.',
};

async function cancelRuns(scope: RequestScope, userId: string): Promise<number> {
  const runs = await scope.tx.rows(selectOpenRuns, { userId });
  for (const { id, account_id: accountId } of runs) await requestCancel({ ...scope, actor: { userId }, accountId }, id, {});
  return runs.length;
}

/** The text of a schedule is from whoever had access before. After runs are cancelled, which may create schedules. */
async function pauseSchedules(scope: RequestScope, userId: string): Promise<number> {
  const schedules = await scope.tx.rows(queries.selectActiveSchedules, { userId });
  for (const { id, account_id: accountId } of schedules) await pauseSchedule({ ...scope, tx: scope.tx, accountId }, { id });
  return schedules.length;
}

/** In accounts without other members, disables what sends data outside or restricts access. Deletes it if it cannot be disabled. */
async function endConnections({ app, tx, afterCommit }: RequestScope, userId: string): Promise<number> {
  let count = 0;
  for (const { account_id: accountId } of await tx.rows(queries.selectOwnAccounts, { userId }))
    for (const { end, changed } of queries.connections) {
      const rows = await tx.run(end, { accountId });
      count += rows;
      if (rows > 0 && changed) afterCommit(() => app.cacheInvalidation.invalidate(changed, accountId));
    }
  return count;
}
