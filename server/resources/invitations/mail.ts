import type { Scope } from '../../kernel/scope.ts';
import { demandWithinLimits, queueMail } from '../email/queue.ts';
import { readSettings } from '../settings/settings.ts';

/** What the mail to somebody who is invited says. */
export type InvitationMail = { email: string; token: string; account: string; inviter: string; locale: string | null };

/** Send the link to an invitation. Where mail is off or cannot be queued, the inviter has the token all the same. Throws 429 when too many were mailed. */
export async function sendInvitation(scope: Scope, { email, token, account, inviter, locale }: InvitationMail): Promise<void> {
  const { 'app.base_url': base } = await readSettings(scope.app.database, scope.tx);
  const url = `${base}/invitations/${token}`;
  demandWithinLimits(await queueMail(scope, { kind: 'invitation', to: email, locale, data: { url, account, inviter } }));
}
