import type { accounts as accountRoutes, Member, MemberRole } from '../../contract/accounts.ts';
import type { Invitation, invitations as invitationRoutes } from '../../contract/invitations.ts';
import { type Behaviours, type Context, untyped } from './context.ts';
import { answerRows, rowsSeen } from './generic.ts';
import { kindOf } from './kinds.ts';
import { addMember, isVerified } from './people.ts';
import { notFound, refuse } from './refusal.ts';
import type { Json, State } from './state.ts';

const accountKind = kindOf('/v1/accounts');
const memberKind = kindOf('/v1/accounts/{account_id}/members');
const invitationKind = kindOf('/v1/accounts/{account_id}/invitations');
const adminAccounts = kindOf('/v1/admin/accounts');
/** Throws 409 where a member has to keep the role he has: an account always keeps an admin. */
function demandFree({ state }: { state: State }, { account_id: id, role }: Member, next: MemberRole | undefined) {
  const [account] = state.rows(accountKind, ({ value }) => value.id === id);
  if (account?.value.type === 'personal') throw refuse('conflict', 'personal_account', 'A personal account has one member.');
  const admins = state.rows(memberKind, ({ value }) => value.account_id === id && value.role === 'admin');
  if (role === 'admin' && next !== 'admin' && admins.length === 1) throw refuse('conflict', 'last_admin', 'An account needs an admin.');
}

/** An account as one of its members sees it. */
const isSeenBy =
  ({ account_id: id, user_id: userId }: Member) =>
  ({ owner, value }: { owner: string; value: Json }) =>
    owner === userId && value.id === id;

/** The open invitations of a member end with the role. */
const voidInvitations = (state: State, { account_id: id, user_id: userId }: Member) =>
  state.remove(invitationKind, ({ value }) => value.account_id === id && value.invited_by_user_id === userId && value.accepted_at === null);

function countMembers(state: State, accountId: string, by: number) {
  for (const { value } of state.rows(adminAccounts, (row) => row.value.id === accountId))
    value.members_count = (value.members_count as number) + by;
}

/** Who belongs to an account. */
export const accounts: Behaviours<typeof accountRoutes> = {
  updateMember: ({ engine: { state }, found, body: { role } }) => {
    const member = found.user_id!.value as Member;
    demandFree({ state }, member, role);
    if (member.role !== role) voidInvitations(state, member);
    member.role = role;
    for (const { value } of state.rows(accountKind, isSeenBy(member))) value.role = role;
    return { status: 200, body: member };
  },
  removeMember: ({ engine: { state }, found }) => {
    const member = found.user_id!.value as Member;
    demandFree({ state }, member, undefined);
    state.remove(memberKind, ({ value }) => value === member);
    voidInvitations(state, member);
    state.remove(accountKind, isSeenBy(member));
    countMembers(state, member.account_id, -1);
    return { status: 204, body: undefined };
  },
};

/** Ways into a workspace. */
export const invitations: Behaviours<typeof invitationRoutes> = {
  list: (context) => {
    const rows = rowsSeen(invitationKind, untyped(context)).filter(({ value }) => isOpen(value as Invitation, context));
    const { body, next } = answerRows(rows, untyped(context), JSON.stringify(['invitations', context.caller.accountId]));
    return { status: 200, body: body as Invitation[], next };
  },
  accept: ({ engine, caller: { user }, params }) => {
    const { state } = engine;
    const [row] = state.rows(invitationKind, ({ value }) => value.token === params.token);
    const [account] = row ? state.rows(accountKind, ({ value }) => value.id === row.value.account_id) : [];
    if (!row || !account) throw notFound();
    const offer = row.value as Invitation;
    if (user.email?.toLowerCase() !== offer.email.toLowerCase())
      throw refuse('forbidden', 'email_mismatch', 'The invitation is for another email address.');
    if (!isVerified(state, user)) throw refuse('forbidden', 'email_not_verified', 'Verify your email address first.');
    if (offer.accepted_at !== null) throw refuse('conflict', 'already_accepted', 'The invitation was accepted already.');
    if (!isOpen(offer, { engine })) throw refuse('conflict', 'invitation_expired', 'The invitation has expired.');
    if (state.rows(memberKind, ({ value }) => value.account_id === offer.account_id && value.user_id === user.id).length > 0)
      throw refuse('conflict', 'already_member', 'You are a member already.');
    offer.accepted_at = engine.time();
    const seen = { ...account.value, role: offer.role };
    state.add(accountKind, { owner: user.id, parents: {}, value: seen });
    addMember(state, user, seen, engine.time());
    countMembers(state, offer.account_id, 1);
    return { status: 200, body: { ok: true } };
  },
  revoke: ({ engine: { state }, found }) => {
    const { value } = found.invitation_id!;
    if (value.accepted_at !== null) throw notFound();
    state.remove(invitationKind, (row) => row.value === value);
    return { status: 204, body: undefined };
  },
};

/** Whether an invitation can still be accepted. */
const isOpen = ({ accepted_at: accepted, expires_at: end }: Invitation, { engine }: Pick<Context, 'engine'>) =>
  accepted === null && Date.parse(end) > engine.now();
