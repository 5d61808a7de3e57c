import { randomBytes } from 'node:crypto';
import type { NewInvitation } from '../../../contract/invitations.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { type AttemptLimit, countAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../http/scope.ts';
import { newId, sha256 } from '../../platform/crypto/ids.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import type { EmailKey } from '../../platform/identity/identity.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { lockAccountFor, personalAccountError } from '../accounts/service.ts';
import { fieldRules, readEmail } from '../auth/fields.ts';
import { sendInvitation } from './invitationMail.ts';
import type { InvitationRow } from './queries.ts';
import * as queries from './queries.ts';
import { mayInvite } from './rights.ts';

/** An inviter who revokes and repeats an invitation mails the same person repeatedly. */
const addressLimit = (inviterId: string, email: EmailKey): AttemptLimit => ({
  bucket: limiterKeyOf('invitation', inviterId, sha256(email)),
  max: 3,
  seconds: 86_400,
  reason: 'invitation_rate_limited',
});

/** Only this response and the mail contain the token. Throws 400 for an invalid address, 403, 409, 429, and as `lockAccountFor` does. */
export async function createInvitation(scope: Scope, { email: typed, role }: NewInvitation): Promise<InvitationRow & { token: string }> {
  const { tx, accountId, actor } = scope;
  const email = readEmail(typed);
  if (email === undefined) throw invalidField('/email', ...fieldRules.email);
  const { type, name, role: own } = await lockAccountFor(scope, 'account.members.invite');
  if (type === 'personal') throw personalAccountError();
  if (!mayInvite(own, role)) throw failWith('forbidden', 'missing_permission', 'You cannot give a role that may do more than yours.');
  const outlook = (await tx.row(queries.selectInviteContext, { accountId, emailKey: email.key, inviterId: actor.userId }))!;
  if (outlook.is_member) throw failWith('conflict', 'already_member', 'Somebody with this address is a member.');
  if (outlook.is_invited) throw failWith('conflict', 'already_invited', 'This address is invited already.');
  await countAttempt(tx, [addressLimit(actor.userId, email.key)]);
  await tx.run(queries.deleteExpired, { accountId, emailKey: email.key });
  const token = randomBytes(32).toString('hex');
  const row = (await tx.row(queries.insertInvitation, {
    accountId,
    id: newId(),
    inviterId: actor.userId,
    email: email.text,
    emailKey: email.key,
    role,
    tokenHash: sha256(token),
  }))!;
  scope.audit({ targetId: row.id, metadata: { email: email.text, role } });
  await sendInvitation(scope, { email: email.text, token, account: name, inviter: outlook.inviter, locale: outlook.locale });
  return { ...row, token };
}

export const listInvitations = ({ app, db, accountId }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['invitations', accountId],
    (key) => db.rows(queries.selectInvitations, { accountId, ...key }),
    (row) => [row.created_at, row.id],
  );

/** Throws 404 for an accepted invitation. */
export async function findInvitation({ db, accountId }: Scope, id: string): Promise<InvitationRow> {
  const invitation = await db.row(queries.selectPending, { accountId, id });
  if (!invitation) throw notFound();
  return invitation;
}

/** Of a revocation and an acceptance, exactly one succeeds. */
export async function revokeInvitation({ tx, accountId, audit }: Scope, { id }: InvitationRow): Promise<void> {
  const revoked = await tx.row(queries.revokeInvitation, { accountId, id });
  if (!revoked) throw notFound();
  audit({ metadata: { email: revoked.email, role: revoked.role } });
}
