import type { Scope } from '../../../http/scope.ts';
import { sha256 } from '../../../platform/crypto/ids.ts';
import { invalidateTokens, selectPersonalAccount } from '../queries.ts';
import { revokeSessions } from './queries.ts';
import { readRefreshCookies } from './sessions.ts';

/** Ends the session of the access token and those of the cookies that belong to the same user. `all` ends all sessions of the user. */
export async function logOut(scope: Scope, all: boolean, cookies: string | undefined): Promise<void> {
  const { app, tx, actor } = scope;
  const { userId, sessionId = null } = actor;
  const tokenHashes = readRefreshCookies(cookies).map(sha256);
  // Lock the user before the sessions, in the same order as a suspension.
  if (all) await tx.run(invalidateTokens, { userId });
  await tx.run(revokeSessions, { userId, sessionId, tokenHashes, all });
  const home = await tx.row(selectPersonalAccount, { userId });
  scope.audit({ accountId: home?.id ?? null, targetId: userId, metadata: { all } });
  scope.afterCommit(() => app.accessControl.invalidateUser(userId));
}
