import type { PasswordChange } from '../../../contract/me.ts';
import { countAgainst, forgetCount, refuseWhileFull } from '../../http/limits.ts';
import { rateLimitAddress } from '../../kernel/clientAddress.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { expected, isGoodPassword } from './fields.ts';
import { limitsOf } from './login.ts';
import { endOtherSessions, isFreshCodeSession, lockHash, replaceHash, selectById } from './queries.ts';

/**
 * Set the caller's password, and end every other session. Who has just signed in by a mailed code need not know the old one: that is how a
 * forgotten password is replaced.
 */
export async function changePassword(scope: Scope, { current_password: current, new_password: wanted }: PasswordChange): Promise<void> {
  const { app, read, tx, actor } = scope;
  const { userId, sessionId } = actor;
  if (!isGoodPassword(wanted)) throw invalidField('/new_password', expected.password, 'password_policy');
  const known = await read.row(selectById, [userId]);
  if (!known) throw wrongPassword();
  const isExcused = Boolean(await read.row(isFreshCodeSession, [sessionId]));
  if (!isExcused) await demandPassword(scope, known, current);

  const hash = await app.passwords.hash(wanted);
  const now = (await tx.row(lockHash, [userId]))?.password_hash;
  if (now === undefined || (!isExcused && now !== known.password_hash)) throw wrongPassword();
  await tx.run(replaceHash, [userId, now, hash]);
  await tx.run(endOtherSessions, [userId, sessionId]);
  scope.audit({ accountId: known.account_id, targetId: userId });
  scope.afterCommit(() => app.access.forgetUser(userId));
}

/** The password that is asked for can be guessed at like any other, so it is counted like any other. */
async function demandPassword(
  { app, read, origin }: Scope,
  known: { login_key: string; password_hash: string | null },
  current: string | null | undefined,
) {
  const size = Buffer.byteLength(current ?? '');
  if (!current || size > 1_024) throw wrongPassword();
  const limits = limitsOf(known.login_key, rateLimitAddress(origin.ip));
  await refuseWhileFull(read, limits);
  if (await app.passwords.verify(known.password_hash, current)) {
    // Told apart from a right one that came too late, a wrong one would be known for wrong.
    await refuseWhileFull(read, limits);
    return void (await forgetCount(read, limits[0]));
  }
  await countAgainst(read, limits);
  throw wrongPassword();
}

const wrongPassword = () => refuse('unauthenticated', 'invalid_credentials', 'The current password is wrong.');
