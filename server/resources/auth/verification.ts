import { countAgainst } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import { newToken, sha256 } from '../../kernel/ids.ts';
import type { RequestScope, Scope } from '../../kernel/scope.ts';
import { demandWithinLimits, queueMail } from '../email/queue.ts';
import { readSettings } from '../settings/settings.ts';
import { consumeVerification, selectAddress, upsertVerification } from './codeQueries.ts';
import { demandMail } from './codes.ts';

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

/** Verify the address that a token was mailed to. Throws 400 for one that is unknown, used, too old, or of an address that has changed. */
export async function confirmEmail(scope: RequestScope, token: string): Promise<void> {
  const confirmed = await scope.tx.row(consumeVerification, [sha256(token)]);
  if (!confirmed) throw invalidField('/token', 'is not valid', 'token_invalid');
  const { user_id: userId, home } = confirmed;
  scope.audit({ accountId: home, actorId: userId, targetId: userId });
}
