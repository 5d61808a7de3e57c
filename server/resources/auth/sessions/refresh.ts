import type { RequestScope } from '../../../http/scope.ts';
import { newToken, sha256 } from '../../../platform/crypto/ids.ts';
import { Failure, failWith, notFound } from '../../../platform/failure.ts';
import { readSettings } from '../../settings/settings.ts';
import { type RefreshTokenRow, revokeReusedSession, rotateRefreshToken, selectRefreshToken } from './queries.ts';
import { clearedCookie, grantAccess, readRefreshCookies, roleOf, type SignedIn } from './sessions.ts';

/** Exchanges the refresh token of the cookie for a new one. `wanted` is the account to switch to. */
export async function refresh(scope: RequestScope, cookies: string | undefined, wanted: string | undefined): Promise<SignedIn> {
  const { app, client, db, tx } = scope;
  const tokenHash = refreshTokenHash(readRefreshCookies(cookies));
  // Parallel requests of one browser may present the predecessor of the current token for a moment. An older token always counts as reused. What the
  // token was when the request arrived decides: of a page that is loaded again and again, a later request can be faster.
  const graceSeconds = (await readSettings(app.database))['auth.refresh_reuse_grace_seconds'];
  const presented = { tokenHash, accountId: wanted ?? null, graceSeconds, receivedAt: client.receivedAt };
  const known = await db.row(selectRefreshToken, presented);
  const live = await requireLiveToken(scope, known);
  const { accountId, role } = targetAccount(live, wanted);
  const refreshToken = newToken();
  const lifeSeconds = app.config.authRefreshTokenTtlSeconds;
  const rotated = await tx.row(rotateRefreshToken, { tokenHash, nextTokenHash: sha256(refreshToken), accountId, lifeSeconds });
  if (!rotated) {
    await requireLiveToken(scope, await tx.row(selectRefreshToken, presented));
    throw refreshErrors.rotated();
  }
  const { user_id: userId, session_id: sessionId, personal_account_id: home } = live;
  scope.audit({ accountId: home, actorId: userId, targetId: userId });
  return { grant: await grantAccess(app, { userId, sessionId, accountId, role }, rotated.issued_at), refreshToken };
}

function refreshTokenHash([token, ...others]: readonly string[]): string {
  if (others.length > 0) throw unauthenticated('duplicate_cookie', 'There are two session cookies.');
  if (!token) throw unauthenticated('missing_token', 'There is no session cookie.');
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) throw refreshErrors.unknown();
  return sha256(token);
}

type TokenState = 'deleted' | 'suspended' | 'revoked' | 'rotated' | 'reused' | 'expired' | 'live';

/** The order of the checks decides which error the client gets. */
function stateOf(token: RefreshTokenRow): TokenState {
  if (token.user_status !== 'active') return token.user_status;
  if (token.revoked) return 'revoked';
  if (token.rotated) return token.in_grace ? 'rotated' : 'reused';
  return token.expired ? 'expired' : 'live';
}

const unauthenticated = (reason: string, message: string) => failWith('unauthenticated', reason, message);
const refreshErrors = {
  unknown: () => unauthenticated('invalid_token', 'The session is not known.'),
  deleted: () => unauthenticated('invalid_token', 'The session is not known.'),
  suspended: () => failWith('forbidden', 'user_suspended', 'This user is suspended.'),
  revoked: () => unauthenticated('session_revoked', 'The session has ended.'),
  rotated: () => unauthenticated('token_rotated', 'This token was exchanged a moment ago.'),
  reused: () => unauthenticated('token_reused', 'This token was used before; the session has been ended.'),
  expired: () => unauthenticated('token_expired', 'The session has expired.'),
};

/**
 * Throws unless the token is live, and ends the session of a reused one. Clears the cookie only for a deleted or suspended user: a late
 * response must not clear a newer cookie.
 */
async function requireLiveToken(scope: RequestScope, token: RefreshTokenRow | undefined): Promise<RefreshTokenRow> {
  const state = token ? stateOf(token) : 'unknown';
  if (token && state === 'live') return token;
  if (token && state === 'reused') await endReusedSession(scope, token);
  const { failure, message, details } = refreshErrors[state as keyof typeof refreshErrors]();
  throw new Failure(failure, message, details, state === 'deleted' || state === 'suspended' ? clearedCookie(scope) : {});
}

/** Two parties hold the session, so it ends for both. Runs outside the transaction of the request, which is rolled back. */
async function endReusedSession(scope: RequestScope, { session_id: id, user_id: userId, personal_account_id: accountId }: RefreshTokenRow) {
  if ((await scope.db.run(revokeReusedSession, { sessionId: id })) === 0) return;
  scope.app.accessControl.invalidateUser(userId);
  scope.audit({ action: 'session.reuse_detected', accountId, actorId: userId, targetType: 'session', targetId: id });
}

/** A requested account must be one of the user. Without one, falls back to the personal account if the membership has ended. */
function targetAccount(token: RefreshTokenRow, wanted: string | undefined): { accountId: string; role: string } {
  const { account_id: accountId, role } = token;
  if (accountId !== null && role !== null) {
    if (wanted !== undefined && token.account_status !== 'active')
      throw failWith('forbidden', 'account_suspended', 'This account is suspended.');
    return { accountId, role: roleOf(token) };
  }
  if (wanted !== undefined) throw notFound();
  return { accountId: token.personal_account_id, role: roleOf({ ...token, role: token.personal_role }) };
}
