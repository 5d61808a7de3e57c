import { createHmac, randomInt } from 'node:crypto';
import type { EmailCode, EmailCodeRequest } from '../../../contract/auth.ts';
import { countAgainst, forgetCount, type Limit } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { Failure, refuse } from '../../kernel/failure.ts';
import type { EmailKey } from '../../kernel/identity.ts';
import { newId, sha256 } from '../../kernel/ids.ts';
import { deriveKey } from '../../kernel/keys.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { lifeOf } from '../../mail/mail.ts';
import { queueMail } from '../email/queue.ts';
import { mailWay } from '../email/way.ts';
import { checkCaptcha } from './captcha.ts';
import { consumeCode, markVerified, upsertCode } from './codeQueries.ts';
import { expected, fieldChecks, readEmailKey, trim } from './fields.ts';
import { type CredentialRow, selectByEmail } from './queries.ts';
import type { SignedIn } from './sessions.ts';
import { noteFailure, signIn, suspended } from './signIn.ts';

/** Mail a code to whoever has the address. Whether anybody has it is not told, not even by the limit. */
export async function sendCode(scope: RequestScope, typed: EmailCodeRequest): Promise<void> {
  const email = readKey(typed.email);
  await checkCaptcha(scope, typed.cf_turnstile_token);
  await demandMail(scope);
  await countSend(scope, email);
  const known = await scope.read.row(selectByEmail, [email]);
  if (known) await mailCode(scope, known);
}

/** Sign in by address and code. Who is unknown and whose code is wrong get one answer. */
export async function verifyCode(scope: RequestScope, typed: EmailCode): Promise<SignedIn> {
  const email = readKey(typed.email);
  return enterByCode(scope, email, typed.otp, () => scope.read.row(selectByEmail, [email]));
}

function readKey(text: string): EmailKey {
  const { take, done } = fieldChecks();
  const email = take('/email', readEmailKey(text), expected.email);
  done();
  return email;
}

/** Throws 503 where no mail can be sent. */
export async function demandMail({ app }: RequestScope): Promise<void> {
  if ((await mailWay(app.config, app.database)).to === 'nowhere')
    throw refuse('unavailable', 'email_not_configured', 'This installation sends no mail.');
}

/** The limits of an address, known or not, under a name that does not show it. */
const limitOf = (kind: 'send' | 'verify', email: string) => bucketOf(`otp-${kind}`, sha256(trim(email).toLowerCase()));
const sends = (email: string): Limit => ({ bucket: limitOf('send', email), most: 5, seconds: 600, reason: 'otp_rate_limited' });
const guesses = (email: string): Limit => ({
  bucket: limitOf('verify', email),
  most: 8,
  seconds: 600,
  reason: 'otp_locked',
  locks: true,
});

/** Count a code that is sent to an address. Throws 429 after the fifth. */
export const countSend = ({ read }: RequestScope, email: string) => failClosed(countAgainst(read, [sends(email)]));

/** Guessing unlimited because nobody counts is worse than not signing in. */
async function failClosed(counting: Promise<void>): Promise<void> {
  try {
    await counting;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw refuse('unavailable', 'otp_protection_unavailable', 'Codes cannot be used at the moment.');
  }
}

/** With a key, because eight digits are soon hashed through; with the user, because two users may have one code. */
const hmacOf = ({ app }: RequestScope, userId: string, code: string) =>
  createHmac('sha256', deriveKey(app.keys.encryptionKey, 'login codes')).update(`${userId}${code}`).digest('hex');

/** Make a code and mail it, if the user may sign in. */
export async function mailCode(scope: RequestScope, { user_id: userId, email, status, locale, account_id: accountId }: CredentialRow) {
  if (status !== 'active' || email === null) return;
  const code = String(randomInt(10_000_000, 100_000_000));
  await scope.tx.run(upsertCode, [userId, email, hmacOf(scope, userId, code), lifeOf.otp]);
  if ((await queueMail(scope, { to: email, kind: 'otp', locale, data: { code } })) === 'queued')
    scope.audit({ accountId, targetId: userId });
}

/** Sign in whoever `find` finds, by a code that was mailed to the address. */
export async function enterByCode(
  scope: RequestScope,
  email: string,
  typed: string,
  find: () => Promise<CredentialRow | undefined>,
): Promise<SignedIn> {
  const { read, tx } = scope;
  const limit = guesses(email);
  // Counted before it is known whether the code is right: of any number of guesses at once eight are looked at.
  await failClosed(countAgainst(read, [limit]));
  const known = await find();
  const code = trim(typed);
  const userId = known?.user_id ?? newId();
  const used = /^\d{8}$/.test(code) && (await tx.row(consumeCode, [userId, hmacOf(scope, userId, code)]));
  if (!known || !used) {
    noteFailure(scope, email, 'email_otp');
    throw refuse('unauthenticated', 'otp_invalid', 'The code is not valid.');
  }
  if (known.status !== 'active') {
    noteFailure(scope, email, 'email_otp');
    throw suspended();
  }
  await tx.run(markVerified, [userId]);
  await forgetCount(tx, limit);
  await forgetCount(tx, sends(email));
  return signIn(scope, known, 'email_otp');
}
