import { notFound, refuse } from '../../kernel/failure.ts';
import { sha256 } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { lockAccount, lockActiveUser } from '../accounts/service.ts';
import { backFillMember } from '../broadcasts/backFill.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import type { Offer } from './queries.ts';
import * as queries from './queries.ts';
import { mayInvite } from './rights.ts';

/** Become a member of the account that the invitation names. Acceptances, removals and the closing of an account wait for each other. */
export async function acceptInvitation({ app, tx, actor, audit, afterCommit }: Scope, token: string): Promise<void> {
  const tokenHash = sha256(token);
  const { userId } = actor;
  const known = await tx.row(queries.selectAccountOfToken, [tokenHash]);
  if (!known) throw notFound();
  const accountId = known.account_id;
  await lockActiveUser(tx, userId);
  await lockAccount({ tx, accountId });
  const offer = await tx.row(queries.lockOffer, [accountId, tokenHash, userId]);
  // Losing the right to invite voids the open invitations; this holds also for a path that forgot to.
  if (!offer || !(offer.is_accepted || mayInvite(offer.inviter_role, offer.role))) throw notFound();
  demandOpen(offer);
  await tx.run(queries.markAccepted, [accountId, offer.id]);
  if ((await tx.run(queries.insertMembership, [accountId, userId, offer.role])) === 0) throw alreadyMember();
  await ensureDefaultProject(tx, accountId, userId);
  await backFillMember(tx, userId, accountId);
  audit({ accountId, targetId: offer.id, metadata: { role: offer.role } });
  afterCommit(() => app.access.forgetUser(userId));
}

const alreadyMember = () => refuse('conflict', 'already_member', 'You are a member already.');

/** The first that applies, in the order of the specification. */
function demandOpen(offer: Offer) {
  if (!offer.is_addressee) throw refuse('forbidden', 'email_mismatch', 'The invitation is for another email address.');
  if (!offer.is_verified) throw refuse('forbidden', 'email_not_verified', 'Verify your email address first.');
  if (offer.is_accepted) throw refuse('conflict', 'already_accepted', 'The invitation was accepted already.');
  if (offer.is_expired) throw refuse('conflict', 'invitation_expired', 'The invitation has expired.');
  if (offer.is_member) throw alreadyMember();
  if (offer.account_status !== 'active') throw refuse('forbidden', 'account_suspended', 'This account is suspended.');
}
