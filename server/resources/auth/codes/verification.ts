import type { EmailConfirmation } from '../../../../contract/auth.ts';
import { countAttempt } from '../../../http/pipeline/attemptLimits.ts';
import type { RequestScope, Scope } from '../../../http/scope.ts';
import { newToken, sha256 } from '../../../platform/crypto/ids.ts';
import { failWith, invalidField } from '../../../platform/failure.ts';
import { limiterKeyOf } from '../../../platform/limiterKey.ts';
import { queueMail, requireWithinLimits } from '../../email/queue.ts';
import { readSettings } from '../../settings/settings.ts';
import { selectOwnSession } from '../sessions/queries.ts';
import { readRefreshCookies } from '../sessions/sessions.ts';
import { requireMail } from './loginCodes.ts';
import { readPriorAccess } from './priorAccess.ts';
import { consumeVerification, selectEmailStatus, selectVerification, upsertVerification } from './queries.ts';
import { verifyAddress } from './verifyAddress.ts';

/** Mails a link that verifies an address. The previous link becomes invalid. */
export async function mailVerification(
  scope: RequestScope,
  { userId, email, locale }: { userId: string; email: string; locale: string | null },
) {
  const token = newToken();
  await scope.tx.run(upsertVerification, { userId, email, tokenHash: sha256(token) });
  const { 'app.base_url': base } = await readSettings(scope.app.database, scope.tx);
  const url = `${base}/verify?token=${token}`;
  return queueMail(scope, { to: email, kind: 'verification', locale, data: { url } });
}

/** Does nothing if the address is already verified. */
export async function sendVerification(scope: Scope): Promise<void> {
  const { db, actor } = scope;
  const { email, verified, locale, home } = (await db.row(selectEmailStatus, { userId: actor.userId }))!;
  if (email === null) throw failWith('conflict', 'no_email', 'You have no email address.');
  if (verified) return;
  await requireMail(scope);
  await countAttempt(db, [
    { bucket: limiterKeyOf('verification', actor.userId), max: 5, seconds: 600, reason: 'verification_rate_limited' },
  ]);
  const outcome = await mailVerification(scope, { userId: actor.userId, email, locale });
  requireWithinLimits(outcome);
  if (outcome === 'failed') throw failWith('unavailable', 'dependency_unavailable', 'The mail could not be sent.');
  scope.audit({ accountId: home, targetId: actor.userId });
}

/** The headers that can identify a session. */
type SessionHeaders = { authorization?: string | undefined; cookie?: string | undefined };

/**
 * Verifies the address that a token was mailed to. Throws 400 if the token is unknown, used or expired, or if the address has changed.
 * Throws 401 for an invalid access token: ignoring it would verify the address outside the session, which has other effects. Throws 409
 * `first_verification` for that (`verifyAddress`); the token stays valid.
 */
export async function confirmEmail(
  scope: RequestScope,
  { token, ...choice }: EmailConfirmation,
  credentials: SessionHeaders,
): Promise<void> {
  const tokenHash = sha256(token);
  const asked = await scope.db.row(selectVerification, { tokenHash });
  if (!asked) throw tokenInvalid();
  if (choice.password !== undefined) await countAttempt(scope.db, [passwordLimit(asked.user_id)]);
  const priorAccess = await readPriorAccess(scope.app, asked.password_hash, choice);
  const confirmed = await scope.tx.row(consumeVerification, { tokenHash });
  if (!confirmed) throw tokenInvalid();
  const { user_id: userId, email, home } = confirmed;
  const session = await findOwnSession(scope, userId, credentials);
  if (!(await verifyAddress(scope, userId, email, { by: 'mail', session, priorAccess }))) throw tokenInvalid();
  scope.audit({ accountId: home, actorId: userId, targetId: userId });
}

/** The reader of a mail may guess the password that somebody else has chosen, and may use it elsewhere. */
const passwordLimit = (userId: string) => ({
  bucket: limiterKeyOf('verification-password', userId),
  max: 10,
  seconds: 900,
  reason: 'verification_rate_limited',
});

const tokenInvalid = () => invalidField('/token', 'is not valid', 'token_invalid');

/** The live session of the user that the request identifies by access token or cookie. Prefers a session that was opened by password. */
async function findOwnSession({ app, tx }: RequestScope, userId: string, { authorization, cookie: cookies }: SessionHeaders) {
  const actor = authorization === undefined ? undefined : (await app.accessControl.authenticate(authorization, undefined)).actor;
  const [cookie, ...others] = readRefreshCookies(cookies);
  // Of two cookies, one was set by another site, so ignore both.
  const tokenHash = cookie === undefined || others.length > 0 ? null : sha256(cookie);
  return tx.row(selectOwnSession, { userId, sessionId: actor?.sessionId ?? null, tokenHash });
}
