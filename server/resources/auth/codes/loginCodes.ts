import { randomInt } from 'node:crypto';
import type { EmailCode, EmailCodeRequest } from '../../../../contract/auth.ts';
import { type AttemptLimit, countAttempt, resetCount, undoAttempt } from '../../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../../http/scope.ts';
import { mailLifetimes } from '../../../mail/mail.ts';
import { newId, sha256 } from '../../../platform/crypto/ids.ts';
import { hmacsOf } from '../../../platform/crypto/keyring.ts';
import { Failure, failWith, rateLimited } from '../../../platform/failure.ts';
import type { EmailKey } from '../../../platform/identity/identity.ts';
import { limiterKeyOf } from '../../../platform/limiterKey.ts';
import { parseClientAddress, type RateLimitAddress, rateLimitAddress, unknownAddress } from '../../../platform/network/clientAddress.ts';
import { type MailPermit, permitMail } from '../../email/limits.ts';
import { queueMail } from '../../email/queue.ts';
import { mailTransport } from '../../email/transport.ts';
import { checkCaptcha } from '../captcha.ts';
import { fieldChecks, fieldRules, readEmailKey, trim } from '../fields.ts';
import { type CredentialRow, selectCredentialByEmail } from '../queries.ts';
import type { SignedIn } from '../sessions/sessions.ts';
import { auditFailedSignIn, signIn, userSuspended } from '../signIn.ts';
import { readPriorAccess } from './priorAccess.ts';
import { consumeCode, countForeignGuess, deleteCodes, selectSignInAddresses, upsertCode } from './queries.ts';
import { verifyAddress } from './verifyAddress.ts';

/** Mails a code to the user with the address. Neither the response nor the limits reveal whether there is such a user. */
export async function sendCode(scope: RequestScope, typed: EmailCodeRequest): Promise<void> {
  const email = readKey(typed.email);
  await checkCaptcha(scope, typed.cf_turnstile_token);
  await requireMail(scope);
  const known = await scope.db.row(selectCredentialByEmail, { emailKey: email });
  const permit = await countCodeRequest(scope, email, known?.user_id);
  if (known) await mailCode(scope, known, permit);
}

/** Signs in by address and code. An unknown address and a wrong code give the same error. */
export async function verifyCode(scope: RequestScope, typed: EmailCode): Promise<SignedIn> {
  const email = readKey(typed.email);
  return signInByCode(scope, email, typed, () => scope.db.row(selectCredentialByEmail, { emailKey: email }));
}

function readKey(text: string): EmailKey {
  const { take, done } = fieldChecks();
  const email = take('/email', readEmailKey(text), fieldRules.email);
  done();
  return email;
}

/** Throws 503 `email_not_configured` if no mail can be sent. */
export async function requireMail({ app }: RequestScope): Promise<void> {
  if ((await mailTransport(app.config, app.database)).to === 'nowhere')
    throw failWith('unavailable', 'email_not_configured', 'This installation sends no mail.');
}

/*
 * Requests for codes and guesses are counted per client address first, so that a stranger cannot lock a user out by guessing, by requesting
 * codes (a new code replaces only the code of the same address), or by using up the mails of a mailbox (addresses that the user signed in
 * from have their own count). See docs/decisions/0019-identities-hosts-and-mail.md.
 *
 * The chance of guessing: a code is one of 90,000,000. In its lifetime (10 minutes) the address that requested it has at most 15 guesses (8
 * in a window of 10 minutes; two windows can overlap with it), and all other addresses together have 5. At most 40 codes a day are mailed
 * because of strangers (`perMailbox`). That is 40 * (15 + 5) = 800 guesses a day, or a chance of 1 in 112,000 a day for an account, however
 * many addresses guess.
 */
const maxForeignGuesses = 5;

/** Limits of a client address for a mailbox, which need not belong to a user. The key contains only a hash of the mailbox. */
const bucketFor = (kind: 'send' | 'verify', email: string, from: RateLimitAddress) => limiterKeyOf(`otp-${kind}`, sha256(email), from);
const sendLimit = (email: string, from: RateLimitAddress): AttemptLimit => ({
  bucket: bucketFor('send', email, from),
  max: 5,
  seconds: 600,
  reason: 'otp_rate_limited',
});
const guessLimit = (email: string, from: RateLimitAddress): AttemptLimit => ({
  bucket: bucketFor('verify', email, from),
  max: 8,
  seconds: 600,
  reason: 'otp_locked',
  isLockout: true,
});
/** Wrong codes of a client address for all mailboxes together: one guess at each of many users succeeds as often as many guesses at one. */
const wrongCodeLimit = (from: RateLimitAddress): AttemptLimit => ({
  bucket: limiterKeyOf('otp-wrong', from),
  max: 100,
  seconds: 900,
  reason: 'otp_locked',
});

/** Counts a code that is sent to a mailbox. `userId` is undefined if no user has the address. Throws 429 when a limit is exceeded. */
export const countCodeRequest = ({ db, client }: RequestScope, email: EmailKey, userId: string | undefined): Promise<MailPermit> =>
  failClosed(async () => {
    const from = rateLimitAddress(client.ip);
    await countAttempt(db, [sendLimit(email, from)]);
    const places = userId === undefined ? [] : await db.rows(selectSignInAddresses, { userId });
    const isKnownAddress = places.some(({ ip }) => rateLimitAddress(parseClientAddress(ip) ?? unknownAddress) === from);
    const permit = await permitMail(db, { kind: 'otp', to: email, origin: client, isKnownAddress });
    if (!permit.granted) throw rateLimited('otp_rate_limited', permit.seconds);
    return permit;
  });

/** Throws 503 if a guess cannot be counted: failing to sign in is better than unlimited guessing. */
async function failClosed<T>(counting: () => Promise<T>): Promise<T> {
  try {
    return await counting();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw failWith('unavailable', 'otp_protection_unavailable', 'Codes cannot be used at the moment.');
  }
}

/** Keyed, because all eight-digit codes can be hashed quickly. Includes the user, because two users may have the same code. */
const codeHmacsOf = ({ app }: RequestScope, userId: string, code: string) =>
  hmacsOf(app.keys.encryptionKeys, 'login codes', `${userId}${code}`).map((hmac) => hmac.toString('hex'));

/** Does nothing for a suspended user or one without an address. */
export async function mailCode(scope: RequestScope, known: CredentialRow, permit: MailPermit): Promise<void> {
  const { user_id: userId, email, status, locale, account_id: accountId } = known;
  if (status !== 'active' || email === null) return;
  const code = String(randomInt(10_000_000, 100_000_000));
  const askedFrom = rateLimitAddress(scope.client.ip);
  await scope.tx.run(upsertCode, {
    userId,
    email,
    codeHmac: codeHmacsOf(scope, userId, code)[0]!,
    lifeSeconds: mailLifetimes.otp,
    askedFrom,
  });
  if ((await queueMail(scope, { to: email, kind: 'otp', locale, data: { code } }, permit)) === 'queued')
    scope.audit({ accountId, targetId: userId });
}

/**
 * Signs in the user that `find` returns, by a code that was mailed to the address. `email` is the key of the limits. Throws 409 `first_verification`
 * (`verifyAddress`); the code stays valid.
 */
export async function signInByCode(
  scope: RequestScope,
  email: string,
  { otp, ...choice }: Omit<EmailCode, 'email'>,
  find: () => Promise<CredentialRow | undefined>,
): Promise<SignedIn> {
  const { db, tx, client } = scope;
  const from = rateLimitAddress(client.ip);
  const limit = guessLimit(email, from);
  const known = await find();
  const userId = known?.user_id ?? newId();
  // Count before comparing the code: of any number of parallel guesses, only those within the limits are compared.
  const openable = await failClosed(async () => {
    await countAttempt(db, [limit]);
    await countAttempt(db, [wrongCodeLimit(from)]);
    return db.rows(countForeignGuess, { userId, from, maxGuesses: maxForeignGuesses });
  });
  const code = trim(otp);
  const priorAccess = await readPriorAccess(scope.app, known?.password_hash ?? null, choice);
  const askers = [from, ...openable.map(({ asked_from: asker }) => asker)];
  const used = /^\d{8}$/.test(code) && (await tx.row(consumeCode, { userId, codeHmacs: codeHmacsOf(scope, userId, code), askers }));
  if (!known || !used) {
    auditFailedSignIn(scope, email, 'email_otp');
    throw invalidCode();
  }
  if (known.status !== 'active') {
    auditFailedSignIn(scope, email, 'email_otp');
    throw userSuspended();
  }
  if (!(await verifyAddress(scope, userId, used.email, { by: 'mail', priorAccess }))) throw invalidCode();
  await tx.run(deleteCodes, { userId });
  await resetCount(tx, limit);
  await undoAttempt(tx, wrongCodeLimit(from));
  await resetCount(tx, sendLimit(email, from));
  return signIn(scope, known, 'email_otp');
}

const invalidCode = () => failWith('unauthenticated', 'otp_invalid', 'The code is not valid.');
