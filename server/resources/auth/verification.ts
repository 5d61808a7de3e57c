import { countAgainst } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import { newToken, sha256 } from '../../kernel/ids.ts';
import type { RequestScope, Scope } from '../../kernel/scope.ts';
import { demandWithinLimits, queueMail } from '../email/queue.ts';
import { readSettings } from '../settings/settings.ts';
import { consumeVerification, selectAddress, upsertVerification } from './codeQueries.ts';
import { demandMail } from './codes.ts';
import { selectOwnSession } from './queries.ts';
import { readCookies } from './sessions.ts';
import { verifyAddress } from './verifiedAddress.ts';

/** Mail a link that verifies an address of a user, which voids the one before. */
export async function mailVerification(
  scope: RequestScope,
  { userId, email, locale }: { userId: string; email: string; locale: string | null },
) {
  const token = newToken();
  await scope.tx.run(upsertVerification, [userId, email, sha256(token)]);
  const { 'app.base_url': base } = await readSettings(scope.app.database, scope.tx);
  const url = `${base}/verify?token=${token}`;
  return queueMail(scope, { to: email, kind: 'verification', locale, data: { url } });
}

/** Mail the caller a link; when the address is verified already nothing happens. */
export async function sendVerification(scope: Scope): Promise<void> {
  const { read, actor } = scope;
  const { email, verified, locale, home } = (await read.row(selectAddress, [actor.userId]))!;
  if (email === null) throw refuse('conflict', 'no_email', 'You have no email address.');
  if (verified) return;
  await demandMail(scope);
  await countAgainst(read, [
    { bucket: bucketOf('verification', actor.userId), most: 5, seconds: 600, reason: 'verification_rate_limited' },
  ]);
  const outcome = await mailVerification(scope, { userId: actor.userId, email, locale });
  demandWithinLimits(outcome);
  if (outcome === 'failed') throw refuse('unavailable', 'dependency_unavailable', 'The mail could not be sent.');
  scope.audit({ accountId: home, targetId: actor.userId });
}

/** The headers by which a request may name a session. */
type Credentials = { authorization?: string | undefined; cookie?: string | undefined };

/**
 * Verify the address that a token was mailed to. Throws 400 for one that is unknown, used, too old, or of an address that has changed, and 401
 * for an access token that is not valid: without it the request would count as one without a session.
 */
export async function confirmEmail(scope: RequestScope, token: string, credentials: Credentials): Promise<void> {
  const confirmed = await scope.tx.row(consumeVerification, [sha256(token)]);
  if (!confirmed) throw tokenInvalid();
  const { user_id: userId, email, home } = confirmed;
  const session = await sessionOf(scope, userId, credentials);
  if (!(await verifyAddress(scope, userId, email, { by: 'mail', session }))) throw tokenInvalid();
  scope.audit({ accountId: home, actorId: userId, targetId: userId });
}

const tokenInvalid = () => invalidField('/token', 'is not valid', 'token_invalid');

/** The live session of the user that the request carries, by access token or cookie; one that the password opened first. */
async function sessionOf({ app, tx }: RequestScope, userId: string, { authorization, cookie: cookies }: Credentials) {
  const actor = authorization === undefined ? undefined : (await app.access.authenticate(authorization, undefined)).actor;
  const [cookie, ...others] = readCookies(cookies);
  // One of two cookies was set by another site, so neither counts.
  const tokenHash = cookie === undefined || others.length > 0 ? null : sha256(cookie);
  return tx.row(selectOwnSession, [userId, actor?.sessionId ?? null, tokenHash]);
}
