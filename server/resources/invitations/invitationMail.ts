import type { Scope } from '../../http/scope.ts';
import { queueMail, requireWithinLimits } from '../email/queue.ts';
import { readSettings } from '../settings/settings.ts';

export type InvitationMail = { email: string; token: string; account: string; inviter: string; locale: string | null };

/**
 * Mails the link to an invitation. If mail is off or cannot be queued, the inviter still gets the token. Throws 429 if a limit is exceeded.
 */
export async function sendInvitation(scope: Scope, { email, token, account, inviter, locale }: InvitationMail): Promise<void> {
  const { 'app.base_url': base } = await readSettings(scope.app.database, scope.tx);
  const url = `${base}/invitations/${token}`;
  requireWithinLimits(await queueMail(scope, { kind: 'invitation', to: email, locale, data: { url, account, inviter } }));
}
