import { sha256 } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { invalidateTokens, revokeSessions, selectPersonalAccount } from './queries.ts';
import { readCookies } from './sessions.ts';

/** End the session of the access token, and those of the cookies that are the same user's; or all of the user's. */
export async function logOut(scope: Scope, all: boolean, cookies: string | undefined): Promise<void> {
  const { app, tx, actor } = scope;
  const { userId, sessionId } = actor;
  const hashes = readCookies(cookies).map(sha256);
  // The user before the sessions, in the order in which a suspension locks them.
  if (all) await tx.run(invalidateTokens, [userId]);
  await tx.run(revokeSessions, [userId, sessionId, hashes, all]);
  const home = await tx.row(selectPersonalAccount, [userId]);
  scope.audit({ accountId: home?.id ?? null, targetId: userId, metadata: { all } });
  scope.afterCommit(() => app.access.forgetUser(userId));
}
