import { Failure, notFound, refuse } from '../../kernel/failure.ts';
import { newToken, sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { readSettings } from '../settings/settings.ts';
import { type RefreshRow, revokeReused, rotate, selectRefresh } from './queries.ts';
import { clearedCookie, grantAccess, readCookies, roleOf, type SignedIn } from './sessions.ts';

/** Exchange the refresh token of the cookie; `wanted` names the account to go on in (identity 2.5, 2.8). */
export async function refresh(scope: RequestScope, cookies: string | undefined, wanted: string | undefined): Promise<SignedIn> {
  const { app, read, tx } = scope;
  const tokenHash = hashOf(readCookies(cookies));
  // Parallel requests of one browser may present the predecessor of the current token for a moment. An older token is reuse at any time.
  const grace = (await readSettings(app.database))['auth.refresh_reuse_grace_seconds'];
  const values = [tokenHash, wanted ?? null, grace];
  const known = await read.row(selectRefresh, values);
  const live = await demandLive(scope, known);
  const { accountId, role } = accountOf(live, wanted);
  const refreshToken = newToken();
  const rotated = await tx.row(rotate, [tokenHash, sha256(refreshToken), accountId, app.config.authRefreshTokenTtlSeconds]);
  if (!rotated) {
    await demandLive(scope, await tx.row(selectRefresh, values));
    throw refusals.rotated();
  }
  const { user_id: userId, session_id: sessionId, personal_account_id: home } = live;
  scope.audit({ accountId: home, actorId: userId, targetId: userId });
  return { grant: await grantAccess(app, { userId, sessionId, accountId, role }, rotated.issued_at), refreshToken };
}

function hashOf([token, ...others]: readonly string[]): string {
  if (others.length > 0) throw unauthenticated('duplicate_cookie', 'There are two session cookies.');
  if (!token) throw unauthenticated('missing_token', 'There is no session cookie.');
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) throw refusals.unknown();
  return sha256(token);
}

type State = 'deleted' | 'suspended' | 'revoked' | 'rotated' | 'reused' | 'expired' | 'live';

/** The first that applies, in the order of the specification. */
function stateOf(token: RefreshRow): State {
  if (token.user_status !== 'active') return token.user_status;
  if (token.revoked) return 'revoked';
  if (token.rotated) return token.in_grace ? 'rotated' : 'reused';
  return token.expired ? 'expired' : 'live';
}

const unauthenticated = (reason: string, message: string) => refuse('unauthenticated', reason, message);
const refusals = {
  unknown: () => unauthenticated('invalid_token', 'The session is not known.'),
  deleted: () => unauthenticated('invalid_token', 'The session is not known.'),
  suspended: () => refuse('forbidden', 'user_suspended', 'This user is suspended.'),
  revoked: () => unauthenticated('session_revoked', 'The session has ended.'),
  rotated: () => unauthenticated('token_rotated', 'This token was exchanged a moment ago.'),
  reused: () => unauthenticated('token_reused', 'This token was used before; the session has been ended.'),
  expired: () => unauthenticated('token_expired', 'The session has expired.'),
};

/**
 * Throws unless the token is live, and ends the session of a reused one. The cookie is cleared only for a deleted or suspended user: a late
 * answer must not clear a newer cookie.
 */
async function demandLive(scope: RequestScope, token: RefreshRow | undefined): Promise<RefreshRow> {
  const state = token ? stateOf(token) : 'unknown';
  if (token && state === 'live') return token;
  if (token && state === 'reused') await endSession(scope, token);
  const { failure, message, details } = refusals[state as keyof typeof refusals]();
  throw new Failure(failure, message, details, state === 'deleted' || state === 'suspended' ? clearedCookie(scope) : {});
}

/** Two parties hold the session, so it ends for both. Runs outside the transaction of the request, which is rolled back. */
async function endSession(scope: RequestScope, { session_id: id, user_id: userId, personal_account_id: accountId }: RefreshRow) {
  if ((await scope.read.run(revokeReused, [id])) === 0) return;
  scope.app.access.forgetUser(userId);
  scope.audit({ action: 'session.reuse_detected', accountId, actorId: userId, targetType: 'session', targetId: id });
}

/** The account to go on in. One that is asked for must be the user's; where a membership has ended it is the personal one. */
function accountOf(token: RefreshRow, wanted: string | undefined): { accountId: string; role: string } {
  const { account_id: accountId, role } = token;
  if (accountId !== null && role !== null) {
    if (wanted !== undefined && token.account_status !== 'active')
      throw refuse('forbidden', 'account_suspended', 'This account is suspended.');
    return { accountId, role: roleOf(token) };
  }
  if (wanted !== undefined) throw notFound();
  return { accountId: token.personal_account_id, role: roleOf({ ...token, role: token.personal_role }) };
}
