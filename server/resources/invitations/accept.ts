import type { Scope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { lockAccount, lockActiveUser } from '../accounts/service.ts';
import { backfillMember } from '../broadcasts/backfill.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { publishEvent } from '../webhooks/outbox.ts';
import type { InvitationState } from './queries.ts';
import * as queries from './queries.ts';
import { mayInvite } from './rights.ts';

/**
 * Adds the caller to the account of the invitation. Acceptances, removals of members and the closing of the account are serialized by the
 * lock of the account.
 */
export async function acceptInvitation(scope: Scope, token: string): Promise<void> {
  const { app, tx, actor, audit, afterCommit } = scope;
  const tokenHash = sha256(token);
  const { userId } = actor;
  const known = await tx.row(queries.selectAccountOfToken, { tokenHash });
  if (!known) throw notFound();
  const accountId = known.account_id;
  await lockActiveUser(tx, userId);
  await lockAccount({ tx, accountId });
  const offer = await tx.row(queries.lockInvitation, { accountId, tokenHash, userId });
  // Losing the permission to invite deletes the open invitations. This check covers code paths that fail to do so.
  if (!offer || !(offer.is_accepted || mayInvite(offer.inviter_role, offer.role))) throw notFound();
  requireAcceptable(offer);
  await tx.run(queries.markAccepted, { accountId, id: offer.id });
  if ((await tx.run(queries.insertMembership, { accountId, userId, role: offer.role })) === 0) throw alreadyMember();
  await ensureDefaultProject(tx, accountId, userId);
  await backfillMember(tx, userId, accountId);
  await publishEvent(scope, accountId, { type: 'member.joined', data: { user_id: userId, role: offer.role } });
  audit({ accountId, targetId: offer.id, metadata: { role: offer.role } });
  afterCommit(() => app.accessControl.invalidateUser(userId));
}

const alreadyMember = () => failWith('conflict', 'already_member', 'You are a member already.');

/** The order of the checks decides which error the client gets. */
function requireAcceptable(offer: InvitationState) {
  if (!offer.is_addressee) throw failWith('forbidden', 'email_mismatch', 'The invitation is for another email address.');
  if (!offer.is_verified) throw failWith('forbidden', 'email_not_verified', 'Verify your email address first.');
  if (offer.is_accepted) throw failWith('conflict', 'already_accepted', 'The invitation was accepted already.');
  if (offer.is_expired) throw failWith('conflict', 'invitation_expired', 'The invitation has expired.');
  if (offer.is_member) throw alreadyMember();
  if (offer.account_status !== 'active') throw failWith('forbidden', 'account_suspended', 'This account is suspended.');
}
