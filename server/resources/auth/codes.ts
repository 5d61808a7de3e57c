import { createHmac, randomInt } from 'node:crypto';
import type { EmailCode, EmailCodeRequest } from '../../../contract/auth.ts';
import { countAgainst, forgetCount, type Limit, takeBack } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { clientAddress, type RateLimitAddress, rateLimitAddress, unknownAddress } from '../../kernel/clientAddress.ts';
import { Failure, rateLimited, refuse } from '../../kernel/failure.ts';
import type { EmailKey } from '../../kernel/identity.ts';
import { newId, sha256 } from '../../kernel/ids.ts';
import { deriveKey } from '../../kernel/keys.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { lifeOf } from '../../mail/mail.ts';
import { type MailPermit, permitMail } from '../email/limits.ts';
import { queueMail } from '../email/queue.ts';
import { mailWay } from '../email/way.ts';
import { checkCaptcha } from './captcha.ts';
import { consumeCode, countForeignGuess, deleteCodes, selectPlaces, upsertCode } from './codeQueries.ts';
import { expected, fieldChecks, readEmailKey, trim } from './fields.ts';
import { type CredentialRow, selectByEmail } from './queries.ts';
import type { SignedIn } from './sessions.ts';
import { noteFailure, signIn, suspended } from './signIn.ts';
import { verifyAddress } from './verifiedAddress.ts';

/** Mail a code to the user who has the address. Neither the answer nor the limits tell whether there is one. */
export async function sendCode(scope: RequestScope, typed: EmailCodeRequest): Promise<void> {
  const email = readKey(typed.email);
  await checkCaptcha(scope, typed.cf_turnstile_token);
  await demandMail(scope);
  const known = await scope.read.row(selectByEmail, [email]);
  const permit = await countSend(scope, email, known?.user_id);
  if (known) await mailCode(scope, known, permit);
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

/*
 * Requests for codes and guesses are counted by the address of their sender first, so that a stranger locks nobody out: not by guesses, not by asking, which
 * voids only codes of the same asker, and not by using up the mails of a mailbox, since addresses that the user signed in from have a count of their own.
 *
 * What is left to guess: a code is one of 90 000 000. While it lives (10 minutes) the address that asked for it has at most 15 guesses at it (8 in a window
 * of 10 minutes, of which two can meet), and all others together have 5. At most 40 codes a day are mailed because of strangers (`perMailbox`). That is
 * 40 * (15 + 5) = 800 guesses a day, or a chance of 1 in 112 000 a day for an account, however many addresses guess.
 */
const maxForeignGuesses = 5;

/** The limits of an asker for a mailbox, known or not, under a name that does not show it. */
const bucketFor = (kind: 'send' | 'verify', email: string, from: RateLimitAddress) => bucketOf(`otp-${kind}`, sha256(email), from);
const sends = (email: string, from: RateLimitAddress): Limit => ({
  bucket: bucketFor('send', email, from),
  most: 5,
  seconds: 600,
  reason: 'otp_rate_limited',
});
const guesses = (email: string, from: RateLimitAddress): Limit => ({
  bucket: bucketFor('verify', email, from),
  most: 8,
  seconds: 600,
  reason: 'otp_locked',
  locks: true,
});
/** Wrong codes of an address for all mailboxes together: one guess at each of many users finds as much as many at one. */
const wrongGuesses = (from: RateLimitAddress): Limit => ({
  bucket: bucketOf('otp-wrong', from),
  most: 100,
  seconds: 900,
  reason: 'otp_locked',
});

/** Count a code that is sent to a mailbox, of the user `userId` where there is one. Throws 429 when it is one too many. */
export const countSend = ({ read, origin }: RequestScope, email: EmailKey, userId: string | undefined): Promise<MailPermit> =>
  failClosed(async () => {
    const from = rateLimitAddress(origin.ip);
    await countAgainst(read, [sends(email, from)]);
    const places = userId === undefined ? [] : await read.rows(selectPlaces, [userId]);
    const isKnownPlace = places.some(({ ip }) => rateLimitAddress(clientAddress(ip) ?? unknownAddress) === from);
    const permit = await permitMail(read, { kind: 'otp', to: email, origin, isKnownPlace });
    if (!permit.granted) throw rateLimited('otp_rate_limited', permit.seconds);
    return permit;
  });

/** Guessing unlimited because nobody counts is worse than not signing in. */
async function failClosed<T>(counting: () => Promise<T>): Promise<T> {
  try {
    return await counting();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw refuse('unavailable', 'otp_protection_unavailable', 'Codes cannot be used at the moment.');
  }
}

/** With a key, because eight digits are soon hashed through; with the user, because two users may have one code. */
const hmacOf = ({ app }: RequestScope, userId: string, code: string) =>
  createHmac('sha256', deriveKey(app.keys.encryptionKey, 'login codes')).update(`${userId}${code}`).digest('hex');

/** Make a code and mail it, if the user may sign in. */
export async function mailCode(scope: RequestScope, known: CredentialRow, permit: MailPermit): Promise<void> {
  const { user_id: userId, email, status, locale, account_id: accountId } = known;
  if (status !== 'active' || email === null) return;
  const code = String(randomInt(10_000_000, 100_000_000));
  await scope.tx.run(upsertCode, [userId, email, hmacOf(scope, userId, code), lifeOf.otp, rateLimitAddress(scope.origin.ip)]);
  if ((await queueMail(scope, { to: email, kind: 'otp', locale, data: { code } }, permit)) === 'queued')
    scope.audit({ accountId, targetId: userId });
}

/** Sign in whoever `find` finds, by a code that was mailed to the address. */
export async function enterByCode(
  scope: RequestScope,
  email: string,
  typed: string,
  find: () => Promise<CredentialRow | undefined>,
): Promise<SignedIn> {
  const { read, tx, origin } = scope;
  const from = rateLimitAddress(origin.ip);
  const limit = guesses(email, from);
  const known = await find();
  const userId = known?.user_id ?? newId();
  // Counted before it is known whether the code is right: of any number of guesses at once only those within the limits are looked at.
  const openable = await failClosed(async () => {
    await countAgainst(read, [limit]);
    await countAgainst(read, [wrongGuesses(from)]);
    return read.rows(countForeignGuess, [userId, from, maxForeignGuesses]);
  });
  const code = trim(typed);
  const askers = [from, ...openable.map(({ asked_from: asker }) => asker)];
  const used = /^\d{8}$/.test(code) && (await tx.row(consumeCode, [userId, hmacOf(scope, userId, code), askers]));
  if (!known || !used) {
    noteFailure(scope, email, 'email_otp');
    throw wrongCode();
  }
  if (known.status !== 'active') {
    noteFailure(scope, email, 'email_otp');
    throw suspended();
  }
  if (!(await verifyAddress(scope, userId, used.email, { by: 'mail' }))) throw wrongCode();
  await tx.run(deleteCodes, [userId]);
  await forgetCount(tx, limit);
  await takeBack(tx, wrongGuesses(from));
  await forgetCount(tx, sends(email, from));
  return signIn(scope, known, 'email_otp');
}

const wrongCode = () => refuse('unauthenticated', 'otp_invalid', 'The code is not valid.');
