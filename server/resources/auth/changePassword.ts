import type { PasswordChange } from '../../../contract/me.ts';
import { countAttempt, resetCount, throwIfLimitReached } from '../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, invalidField } from '../../platform/failure.ts';
import { rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { deleteChallenges } from '../secondFactor/queries.ts';
import { fieldRules, isGoodPassword } from './fields.ts';
import { loginLimits } from './login.ts';
import { lockActiveUser, lockPasswordHash, replacePasswordHash, selectCredentialByUserId } from './queries.ts';
import { lockSession } from './sessions/lockSession.ts';
import { revokeOtherSessions, selectFreshCodeSession } from './sessions/queries.ts';

/**
 * Sets the caller's password and ends all other sessions. A session that a mailed code, an identity provider or a passkey opened within the last 10
 * minutes does not need the current password. This is how a forgotten password is replaced. Throws 401 if the session has ended meanwhile: hashing takes
 * long enough for that, and the password would outlive the session.
 */
export async function changePassword(scope: Scope, { current_password: current, new_password: wanted }: PasswordChange): Promise<void> {
  const { app, tx, actor } = scope;
  const { userId, sessionId = null } = actor;
  if (!isGoodPassword(wanted)) throw invalidField('/new_password', ...fieldRules.password);
  const { known, isExcused } = await requirePassword(scope, current);

  const hash = await app.passwords.hash(wanted);
  // In the order of a sign-in. Without the lock of the user, two changes that end each other's sessions would wait for one another.
  await tx.row(lockActiveUser, { userId });
  await lockSession(tx, actor);
  const now = (await tx.row(lockPasswordHash, { userId }))?.password_hash;
  if (now === undefined || (!isExcused && now !== known.password_hash)) throw wrongPassword();
  await tx.run(replacePasswordHash, { userId, oldHash: now, newHash: hash });
  await tx.run(revokeOtherSessions, { userId, keptId: sessionId });
  await tx.run(deleteChallenges, { userId });
  scope.audit({ accountId: known.account_id, targetId: userId });
  scope.afterCommit(() => app.accessControl.invalidateUser(userId));
}

/**
 * Throws 401 unless the caller presents their password, or a mailed code, an identity provider or a passkey has opened their session, or a passkey has
 * confirmed it, within the last 10 minutes (`isExcused`).
 * Returns their credential as of now.
 */
export async function requirePassword(scope: Scope, current: string | null | undefined) {
  const { userId, sessionId = null } = scope.actor;
  const known = await scope.db.row(selectCredentialByUserId, { userId });
  if (!known) throw wrongPassword();
  const isExcused = Boolean(await scope.db.row(selectFreshCodeSession, { sessionId }));
  if (!isExcused) await requireCurrentPassword(scope, known, current);
  return { known, isExcused };
}

/** The current password can be guessed at like the password of a login, so guesses count against the same limits. */
async function requireCurrentPassword(
  { app, db, client }: Scope,
  known: { login_key: string; password_hash: string | null },
  current: string | null | undefined,
) {
  const size = Buffer.byteLength(current ?? '');
  if (!current || size > 1_024) throw wrongPassword();
  const limits = loginLimits(known.login_key, rateLimitAddress(client.ip));
  await throwIfLimitReached(db, limits);
  if (await app.passwords.verify(known.password_hash, current)) {
    // Check again, so that a right guess beyond the limit looks like a wrong one.
    await throwIfLimitReached(db, limits);
    return void (await resetCount(db, limits[0]));
  }
  await countAttempt(db, limits);
  throw wrongPassword();
}

const wrongPassword = () => failWith('unauthenticated', 'invalid_credentials', 'The current password is wrong.');
