import { randomBytes } from 'node:crypto';
import type { NewInvitation } from '../../../contract/invitations.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { countAgainst, type Limit } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { invalidField, notFound, refuse } from '../../kernel/failure.ts';
import type { EmailKey } from '../../kernel/identity.ts';
import { newId, sha256 } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { lockAccountFor, personalAccount } from '../accounts/service.ts';
import { expected, readEmail } from '../auth/fields.ts';
import { sendInvitation } from './mail.ts';
import type { InvitationRow } from './queries.ts';
import * as queries from './queries.ts';
import { mayInvite } from './rights.ts';

/** An inviter who takes invitations back and repeats them mails the same person again and again. */
const sameAddress = (inviterId: string, email: EmailKey): Limit => ({
  bucket: bucketOf('invitation', inviterId, sha256(email)),
  most: 3,
  seconds: 86_400,
  reason: 'invitation_rate_limited',
});

/** Invite an email address; the token leaves with this answer and the mail. Throws 409, 400 for what is no address, and as `lockAccountFor`. */
export async function createInvitation(scope: Scope, { email: typed, role }: NewInvitation): Promise<InvitationRow & { token: string }> {
  const { tx, accountId, actor } = scope;
  const email = readEmail(typed);
  if (email === undefined) throw invalidField('/email', expected.email);
  const { type, name, role: own } = await lockAccountFor(scope, 'account.members.invite');
  if (type === 'personal') throw personalAccount();
  if (!mayInvite(own, role)) throw refuse('forbidden', 'missing_permission', 'You cannot give a role that may do more than yours.');
  const outlook = (await tx.row(queries.selectOutlook, [accountId, email.key, actor.userId]))!;
  if (outlook.is_member) throw refuse('conflict', 'already_member', 'Somebody with this address is a member.');
  if (outlook.is_invited) throw refuse('conflict', 'already_invited', 'This address is invited already.');
  await countAgainst(tx, [sameAddress(actor.userId, email.key)]);
  await tx.run(queries.deleteExpired, [accountId, email.key]);
  const token = randomBytes(32).toString('hex');
  const row = (await tx.row(queries.insertInvitation, [accountId, newId(), actor.userId, email.text, role, sha256(token), email.key]))!;
  scope.audit({ targetId: row.id, metadata: { email: email.text, role } });
  await sendInvitation(scope, { email: email.text, token, account: name, inviter: outlook.inviter, locale: outlook.locale });
  return { ...row, token };
}

/** The invitations that can still be accepted, newest first. */
export async function listInvitations({ app, read, accountId }: Scope, { limit, before }: PageQuery) {
  const list = ['invitations', accountId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectInvitations, [accountId, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The invitation of the active account that a path names, unless it was accepted. */
export async function findInvitation({ read, accountId }: Scope, id: string): Promise<InvitationRow> {
  const invitation = await read.row(queries.selectPending, [accountId, id]);
  if (!invitation) throw notFound();
  return invitation;
}

/** Take an invitation back. Of this and its acceptance exactly one succeeds. */
export async function revokeInvitation({ tx, accountId, audit }: Scope, { id }: InvitationRow): Promise<void> {
  const revoked = await tx.row(queries.revokeInvitation, [accountId, id]);
  if (!revoked) throw notFound();
  audit({ metadata: { email: revoked.email, role: revoked.role } });
}
