import type { Credentials } from '../../../contract/auth.ts';
import { countAgainst, forgetCount, type Limit, refuseWhileFull } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { type RateLimitAddress, rateLimitAddress } from '../../kernel/clientAddress.ts';
import { refuse } from '../../kernel/failure.ts';
import { loginKeyOf } from '../../kernel/identity.ts';
import { sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { checkCaptcha } from './captcha.ts';
import { expected, fieldChecks, readEmailKey, readIdentity } from './fields.ts';
import { type CredentialRow, lockHash, replaceHash, selectCredential } from './queries.ts';
import type { SignedIn } from './sessions.ts';
import { requiresVerifiedEmail } from './settings.ts';
import { noteFailure, signIn, suspended } from './signIn.ts';

/** Sign in by password. Who is unknown and whose password is wrong get one answer, after the same work. */
export async function logIn(scope: RequestScope, typed: Credentials): Promise<SignedIn> {
  const { login, password } = readCredentials(typed);
  await checkCaptcha(scope, typed.cf_turnstile_token);
  const key = loginKeyOf(login);
  const limits = limitsOf(key, rateLimitAddress(scope.origin.ip));
  await refuseWhileFull(scope.read, limits);
  const known = await scope.read.row(selectCredential, [key, readEmailKey(login) ?? null]);
  const right = await scope.app.passwords.verify(known?.password_hash, password);
  if (!known || !right) return refuseWrong(scope, key, limits);
  // Many guesses at once all pass the first look; the one that is right must not be told from those that came too late.
  await refuseWhileFull(scope.read, limits);
  await demandUsable(scope, known, key);
  return enter(scope, known, password, key, limits);
}

function readCredentials({ login, password }: Credentials) {
  const { take, done } = fieldChecks();
  const size = Buffer.byteLength(password, 'utf8');
  const read = {
    login: take('/login', readIdentity(login), expected.identity),
    password: take('/password', size >= 1 && size <= 1_024 ? password : undefined, 'must be 1 to 1024 bytes'),
  };
  done();
  return read;
}

/** How often somebody may guess: from one place for one login, and from one place in all. */
export type Limits = readonly [pair: Limit, address: Limit];
const reason = 'login_rate_limited';

/** The limits on guesses at the login key `key` from `address`. */
export const limitsOf = (key: string, address: RateLimitAddress): Limits => [
  { bucket: bucketOf('login', sha256(key), address), most: 10, seconds: 900, reason },
  { bucket: bucketOf('login', address), most: 100, seconds: 900, reason },
];

async function refuseWrong(scope: RequestScope, key: string, limits: Limits): Promise<never> {
  noteFailure(scope, key, 'password');
  await countAgainst(scope.read, limits);
  throw refuse('unauthenticated', 'invalid_credentials', 'The login or the password is wrong.');
}

/** Told only to those who know the password. */
async function demandUsable(scope: RequestScope, known: CredentialRow, key: string) {
  const unverified = !known.email_verified && (await requiresVerifiedEmail(scope.read));
  if (known.status === 'active' && !unverified) return;
  noteFailure(scope, key, 'password');
  throw known.status === 'active' ? refuse('forbidden', 'email_not_verified', 'Verify your email address first.') : suspended();
}

async function enter(scope: RequestScope, known: CredentialRow, password: string, key: string, limits: Limits): Promise<SignedIn> {
  const { app, tx } = scope;
  const { user_id: userId, password_hash: old } = known;
  const rehashed = old !== null && app.passwords.isOutdated(old) ? await app.passwords.hash(password) : undefined;
  const signedIn = await signIn(scope, known, 'password');
  // A password that was changed meanwhile has ended all sessions but one; this one would come too late to be ended.
  const now = (await tx.row(lockHash, [userId]))?.password_hash;
  if (now !== old && !(await app.passwords.verify(now, password))) return refuseWrong(scope, key, limits);
  if (rehashed) await tx.run(replaceHash, [userId, old, rehashed]);
  await forgetCount(tx, limits[0]);
  return signedIn;
}
