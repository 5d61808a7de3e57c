import type { Account, accounts as accountRoutes, Member, MemberRole } from '../../../contract/accounts.ts';
import type { CreatedInvitation, Invitation, invitations as invitationRoutes } from '../../../contract/invitations.ts';
import { type Context, RawBody, type RouteHandlers, untypedContext } from '../context.ts';
import { apiError, notFound } from '../http/errors.ts';
import { backfillBroadcasts } from '../notifications.ts';
import { resourceType } from '../resourceTypes.ts';
import type { MockRun } from '../runs/runs.ts';
import type { Json, Row, State } from '../state.ts';
import { listResult, serveGeneric, visibleRows } from './generic.ts';
import { addMember, isVerified } from './people.ts';
import { emptyZip } from './workspaces.ts';

const accountKind = resourceType('/v1/accounts');
const memberKind = resourceType('/v1/accounts/{account_id}/members');
const invitationKind = resourceType('/v1/accounts/{account_id}/invitations');
const adminAccounts = resourceType('/v1/admin/accounts');
/** Throws 409 for a personal account, and for the last admin of an account. */
function requireChangeableRole({ state }: { state: State }, { account_id: id, role }: Member, next: MemberRole | undefined) {
  const [account] = state.rows(accountKind, ({ value }) => value.id === id);
  if (account?.value.type === 'personal') throw apiError('conflict', 'personal_account', 'A personal account has one member.');
  const admins = state.rows(memberKind, ({ value }) => value.account_id === id && value.role === 'admin');
  if (role === 'admin' && next !== 'admin' && admins.length === 1) throw apiError('conflict', 'last_admin', 'An account needs an admin.');
}

/** Matches the account row of one member. */
const isAccountRowOf =
  ({ account_id: id, user_id: userId }: Member) =>
  ({ owner, value }: { owner: string; value: Json }) =>
    owner === userId && value.id === id;

/** Deletes the pending invitations by a member whose role ends. */
const deleteInvitationsBy = (state: State, { account_id: id, user_id: userId }: Member) =>
  state.remove(invitationKind, ({ value }) => value.account_id === id && value.invited_by_user_id === userId && value.accepted_at === null);

function countMembers(state: State, accountId: string, by: number) {
  for (const { value } of state.rows(adminAccounts, (row) => row.value.id === accountId))
    value.members_count = (value.members_count as number) + by;
}

export const accounts: RouteHandlers<typeof accountRoutes> = {
  /** The zip file is empty. */
  export: ({ loaded }) => ({
    status: 200,
    body: new RawBody(emptyZip, 'application/zip'),
    headers: {
      'content-disposition': `attachment; filename="account-${String(loaded.account_id!.value.id)}.zip"`,
      'cache-control': 'no-store',
    },
  }),
  /** Each member has a row of the account: all get the changes. */
  update: (context) => {
    const { engine, loaded } = context;
    const value = serveGeneric(untypedContext(context)).body as Account;
    const { name, timezone, second_factor_required_from } = value;
    for (const row of engine.state.rows(accountKind, (each) => each.value.id === loaded.account_id!.value.id))
      Object.assign(row.value, { name, timezone, second_factor_required_from });
    return { status: 200, body: value };
  },
  members: (context) => {
    const { engine, caller } = context;
    const rows = visibleRows(memberKind, untypedContext(context));
    for (const { value } of rows) {
      const { secondFactor, passkeys = {} } = engine.state.users.get(value.user_id as string) ?? {};
      const factor = secondFactor?.enabledAt ? 'authenticator_app' : Object.keys(passkeys).length > 0 ? 'passkey' : 'none';
      value.second_factor = factor;
    }
    const { body, next } = listResult(rows, untypedContext(context), JSON.stringify(['members', caller.accountId]));
    return { status: 200, body: body as Member[], next };
  },
  updateMember: ({ engine: { state }, loaded, body: { role } }) => {
    const member = loaded.user_id!.value as Member;
    requireChangeableRole({ state }, member, role);
    if (member.role !== role) deleteInvitationsBy(state, member);
    member.role = role;
    for (const { value } of state.rows(accountKind, isAccountRowOf(member))) value.role = role;
    return { status: 200, body: member };
  },
  removeMember: ({ engine: { state, runs }, caller, loaded }) => {
    const member = loaded.user_id!.value as Member;
    requireChangeableRole({ state }, member, undefined);
    state.remove(memberKind, ({ value }) => value === member);
    deleteInvitationsBy(state, member);
    state.remove(accountKind, isAccountRowOf(member));
    countMembers(state, member.account_id, -1);
    const isOfMember = ({ run }: MockRun) => run.account_id === member.account_id && run.created_by_user_id === member.user_id;
    runs.cancelAll(caller.user.id, isOfMember);
    return { status: 204, body: undefined };
  },
};

export const invitations: RouteHandlers<typeof invitationRoutes> = {
  create: (context) => {
    const { loaded, body } = context;
    const key = body.email.trim().toLowerCase();
    const isOfAccount = ({ value }: Row) => value.account_id === loaded.account_id!.value.id && String(value.email).toLowerCase() === key;
    if (context.engine.state.rows(memberKind, isOfAccount).length > 0)
      throw apiError('conflict', 'already_member', 'Somebody with this address is a member.');
    if (context.engine.state.rows(invitationKind, (row) => isOfAccount(row) && isOpen(row.value as Invitation, context)).length > 0)
      throw apiError('conflict', 'already_invited', 'This address is invited already.');
    return { status: 201, body: serveGeneric(untypedContext(context)).body as CreatedInvitation };
  },
  list: (context) => {
    const rows = visibleRows(invitationKind, untypedContext(context)).filter(({ value }) => isOpen(value as Invitation, context));
    const { body, next } = listResult(rows, untypedContext(context), JSON.stringify(['invitations', context.caller.accountId]));
    return { status: 200, body: body as Invitation[], next };
  },
  accept: ({ engine, caller: { user }, params }) => {
    const { state } = engine;
    const [row] = state.rows(invitationKind, ({ value }) => value.token === params.token);
    const [account] = row ? state.rows(accountKind, ({ value }) => value.id === row.value.account_id) : [];
    if (!row || !account) throw notFound();
    const offer = row.value as Invitation;
    if (user.email?.toLowerCase() !== offer.email.toLowerCase())
      throw apiError('forbidden', 'email_mismatch', 'The invitation is for another email address.');
    if (!isVerified(state, user)) throw apiError('forbidden', 'email_not_verified', 'Verify your email address first.');
    if (account.value.status !== 'active') throw apiError('forbidden', 'account_suspended', 'This account is suspended.');
    if (offer.accepted_at !== null) throw apiError('conflict', 'already_accepted', 'The invitation was accepted already.');
    if (!isOpen(offer, { engine })) throw apiError('conflict', 'invitation_expired', 'The invitation has expired.');
    if (state.rows(memberKind, ({ value }) => value.account_id === offer.account_id && value.user_id === user.id).length > 0)
      throw apiError('conflict', 'already_member', 'You are a member already.');
    offer.accepted_at = engine.time();
    const seen = { ...account.value, role: offer.role };
    state.add(accountKind, { owner: user.id, parents: {}, value: seen });
    addMember(state, user, seen, engine.time());
    countMembers(state, offer.account_id, 1);
    backfillBroadcasts(engine, user.id, offer.account_id, offer.account_id);
    return { status: 200, body: { ok: true } };
  },
  revoke: ({ engine: { state }, loaded }) => {
    const { value } = loaded.invitation_id!;
    if (value.accepted_at !== null) throw notFound();
    state.remove(invitationKind, (row) => row.value === value);
    return { status: 204, body: undefined };
  },
};

const isOpen = ({ accepted_at: accepted, expires_at: end }: Invitation, { engine }: Pick<Context, 'engine'>) =>
  accepted === null && Date.parse(end) > engine.now();
