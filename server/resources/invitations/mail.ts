import type { Scope } from '../../kernel/scope.ts';
import { queueMail } from '../../mail/queue.ts';

/** What the mail to somebody who is invited says. */
export type InvitationMail = { email: string; token: string; account: string; inviter: string; locale: string | null };

/** Send the link to an invitation. Where mail is off or cannot be queued, whoever invited has the token all the same. */
export async function sendInvitation(scope: Scope, { email, token, account, inviter, locale }: InvitationMail): Promise<void> {
  const url = `${scope.app.config.appBaseUrl.replace(/\/+$/, '')}/invitations/${token}`;
  await queueMail(scope, { kind: 'invitation', to: email, locale, data: { url, account, inviter } });
}
