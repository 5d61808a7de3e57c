import type { Credentials } from '../../../contract/auth.ts';
import { signInShare } from '../../database/connection/connectionShares.ts';
import { type AttemptLimit, countAttempt, resetCount, throwIfLimitReached } from '../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { loginKeyOf } from '../../platform/identity/identity.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { type RateLimitAddress, rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { checkCaptcha } from './captcha.ts';
import { fieldChecks, fieldRules, readEmailKey, readIdentity } from './fields.ts';
import { type CredentialRow, lockPasswordHash, replacePasswordHash, selectCredential } from './queries.ts';
import type { SignedIn } from './sessions/sessions.ts';
import { auditFailedSignIn, requireUsableUser, signIn } from './signIn.ts';

/** Signs in by password. An unknown login and a wrong password give the same error after the same amount of work. */
export async function logIn(scope: RequestScope, typed: Credentials): Promise<SignedIn> {
  const { login, password } = readCredentials(typed);
  await checkCaptcha(scope, typed.cf_turnstile_token);
  const key = loginKeyOf(login);
  const limits = loginLimits(key, rateLimitAddress(scope.client.ip));
  const { passwords, database } = scope.app;
  const beforeHash = database.together(signInShare);
  const [, known] = await Promise.all([
    throwIfLimitReached(beforeHash, limits),
    beforeHash.row(selectCredential, { loginKey: key, emailKey: readEmailKey(login) ?? null }),
  ]);
  const right = await passwords.verify(known?.password_hash, password);
  if (!known || !right) return rejectWrongPassword(scope, key, limits);
  // Parallel guesses can all pass the first check. Check again, so that a right guess beyond the limit looks like a wrong one.
  const afterHash = database.together(signInShare);
  const usable = requireUsableUser({ db: afterHash }, known);
  usable.catch(() => undefined);
  const counted = await throwIfLimitReached(afterHash, limits);
  await usable.catch((error) => {
    auditFailedSignIn(scope, key, 'password');
    throw error;
  });
  const signedIn = await completeSignIn(scope, known, password, key, limits);
  if (counted.includes(limits[0])) scope.tx.awaitAtCommit(resetCount(scope.tx, limits[0]));
  return signedIn;
}

function readCredentials({ login, password }: Credentials) {
  const { take, done } = fieldChecks();
  const size = Buffer.byteLength(password, 'utf8');
  const read = {
    login: take('/login', readIdentity(login), fieldRules.identity),
    password: take('/password', size >= 1 && size <= 1_024 ? password : undefined, ['must be 1 to 1024 bytes', 'password_policy']),
  };
  done();
  return read;
}

/** The limits on guesses: per client address and login, and per client address. */
export type LoginLimits = readonly [pair: AttemptLimit, address: AttemptLimit];
const reason = 'login_rate_limited';

export const loginLimits = (key: string, address: RateLimitAddress): LoginLimits => [
  { bucket: limiterKeyOf('login', sha256(key), address), max: 10, seconds: 900, reason },
  { bucket: limiterKeyOf('login', address), max: 100, seconds: 900, reason },
];

async function rejectWrongPassword(scope: RequestScope, key: string, limits: LoginLimits): Promise<never> {
  auditFailedSignIn(scope, key, 'password');
  await countAttempt(scope.db, limits);
  throw failWith('unauthenticated', 'invalid_credentials', 'The login or the password is wrong.');
}

async function completeSignIn(
  scope: RequestScope,
  known: CredentialRow,
  password: string,
  key: string,
  limits: LoginLimits,
): Promise<SignedIn> {
  const { app, tx } = scope;
  const { user_id: userId, password_hash: old } = known;
  const rehashed = old !== null && app.passwords.isOutdated(old) ? await app.passwords.hash(password) : undefined;
  return signIn(scope, known, 'password', async () => {
    // A concurrent change of the password ends the other sessions, but cannot see this one. Compare the hash again under the lock.
    const now = (await tx.row(lockPasswordHash, { userId }))?.password_hash;
    if (now !== old && !(await app.passwords.verify(now, password))) await rejectWrongPassword(scope, key, limits);
    // Before `signIn` asks for a second factor.
    if (rehashed) await tx.run(replacePasswordHash, { userId, oldHash: old, newHash: rehashed });
  });
}
