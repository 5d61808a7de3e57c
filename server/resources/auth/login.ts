import type { Credentials } from '../../../contract/auth.ts';
import { countAgainst, forgetCount, type Limit, refuseWhileFull } from '../../http/limits.ts';
import { refuse } from '../../kernel/failure.ts';
import { sha256 } from '../../kernel/ids.ts';
import { hashPassword, isOutdated, verifyPassword } from '../../kernel/passwords.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { expected, fieldChecks, loginKeyOf, readIdentity } from './fields.ts';
import { type CredentialRow, markSignedIn, replaceHash, selectCredential } from './queries.ts';
import { openSession, roleOf, type SignedIn } from './sessions.ts';
import { requiresVerifiedEmail } from './settings.ts';

/** Sign in by password. Who is unknown and whose password is wrong get one answer, after the same work. */
export async function logIn(scope: RequestScope, typed: Credentials): Promise<SignedIn> {
  const { login, password } = readCredentials(typed);
  const key = loginKeyOf(login);
  const limits = limitsOf(key, scope.origin.ip);
  await refuseWhileFull(scope.read, limits);
  const known = await scope.read.row(selectCredential, [key, login]);
  const right = await verifyPassword(known?.password_hash, password);
  if (!known || !right) return refuseWrong(scope, key, limits);
  // Many guesses at once all pass the first look; the one that is right must not be told from those that came too late.
  await refuseWhileFull(scope.read, limits);
  await demandUsable(scope, known, key);
  return signIn(scope, known, password, limits);
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

type Limits = readonly [pair: Limit, address: Limit];
const reason = 'login_rate_limited';
const limitsOf = (key: string, ip: string): Limits => [
  { bucket: `login:${sha256(key)}:${ip}`, most: 10, seconds: 900, reason },
  { bucket: `login:${ip}`, most: 100, seconds: 900, reason },
];

/** The login itself is never written down, only its hash. */
function noteFailure(scope: RequestScope, key: string) {
  const hash = sha256(key);
  const metadata = { result: 'failed', method: 'password', login_hash: hash };
  scope.audit({ accountId: null, actorId: null, targetType: 'user_login', targetId: hash, metadata });
}

async function refuseWrong(scope: RequestScope, key: string, limits: Limits): Promise<never> {
  noteFailure(scope, key);
  await countAgainst(scope.read, limits);
  throw refuse('unauthenticated', 'invalid_credentials', 'The login or the password is wrong.');
}

/** Told only to those who know the password. */
async function demandUsable(scope: RequestScope, known: CredentialRow, key: string) {
  const unverified = !known.email_verified && (await requiresVerifiedEmail(scope.read));
  if (known.status === 'active' && !unverified) return;
  noteFailure(scope, key);
  throw known.status === 'active' ? refuse('forbidden', 'email_not_verified', 'Verify your email address first.') : suspended();
}

const suspended = () => refuse('forbidden', 'user_suspended', 'This user is suspended.');

async function signIn(scope: RequestScope, known: CredentialRow, password: string, [pair]: Limits): Promise<SignedIn> {
  const { tx } = scope;
  const { user_id: userId, account_id: accountId, password_hash: old } = known;
  const rehashed = isOutdated(old) ? await hashPassword(password) : undefined;
  if ((await tx.run(markSignedIn, [userId])) === 0) throw suspended();
  if (rehashed) await tx.run(replaceHash, [userId, old, rehashed]);
  await forgetCount(tx, pair);
  await ensureDefaultProject(tx, accountId, userId);
  const signedIn = await openSession(scope, { userId, accountId, role: roleOf(known) });
  const metadata = { result: 'succeeded', method: 'password', login_hash: sha256(known.login_key) };
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata });
  return signedIn;
}
