import type { EmailKey } from '../../kernel/identity.ts';
import { statement } from '../../kernel/sql.ts';

/** An invitation without its token. */
export type InvitationRow = {
  id: string;
  account_id: string;
  invited_by_user_id: string;
  email: string;
  role: 'admin' | 'member';
  expires_at: string;
  accepted_at: string | null;
  created_at: string;
};

const columns = 'id, account_id, invited_by_user_id, email, role, expires_at, accepted_at, created_at';

/** What speaks against inviting the address $2, and what the mail needs to know: who invites ($3), and in which language it is read. */
export const selectOutlook = statement<
  {
    is_member: boolean;
    is_invited: boolean;
    inviter: string;
    locale: string | null;
  },
  [accountId: string, email: EmailKey, inviterId: string]
>(`
  select exists (
      select from memberships m join users u on u.id = m.user_id and u.status <> 'deleted' where m.account_id = $1 and u.email_key = $2) as is_member,
    exists (
      select from invitations i where i.account_id = $1 and i.email_key = $2 and i.accepted_at is null and i.expires_at > now()) as is_invited,
    coalesce((select u.locale from users u where u.email_key = $2 and u.status <> 'deleted'), (select u.locale from users u where u.id = $3)) as locale,
    (select u.username from users u where u.id = $3) as inviter`);

/** An expired invitation makes room for a new one to the same address. */
export const deleteExpired = statement<never, [accountId: string, email: EmailKey]>(
  'delete from invitations where account_id = $1 and email_key = $2 and accepted_at is null and expires_at <= now()',
);

export const insertInvitation = statement<
  InvitationRow,
  [accountId: string, id: string, inviterId: string, email: string, role: string, tokenHash: string, EmailKey]
>(`
  insert into invitations (account_id, id, invited_by_user_id, email, role, token_hash, email_key, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7, now() + interval '7 days') returning ${columns}`);

export const selectInvitations = statement<InvitationRow>(`
  select ${columns} from invitations
  where account_id = $1 and accepted_at is null and expires_at > now()
    and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid))
  order by created_at desc, id desc limit $4`);

export const selectPending = statement<InvitationRow>(
  `select ${columns} from invitations where account_id = $1 and id = $2 and accepted_at is null`,
);

export const revokeInvitation = statement<{ email: string; role: string }>(
  'delete from invitations where account_id = $1 and id = $2 and accepted_at is null returning email, role',
);

export const selectAccountOfToken = statement<{ account_id: string }>('select account_id from invitations where token_hash = $1');

/** What decides about an acceptance by the user $3, all seen under the lock of the account. */
export type Offer = {
  id: string;
  role: 'admin' | 'member';
  /** The inviter's role now; null when they are no active member. */
  inviter_role: string | null;
  is_addressee: boolean;
  is_verified: boolean;
  is_accepted: boolean;
  is_expired: boolean;
  is_member: boolean;
  account_status: 'active' | 'suspended';
};

export const lockOffer = statement<Offer>(`
  select i.id, i.role, coalesce((select u.email_key = i.email_key from users u where u.id = $3), false) as is_addressee,
    exists (select from users u where u.id = $3 and u.email_verified_at is not null) as is_verified,
    (select m.role from memberships m join users u on u.id = m.user_id and u.status = 'active'
      where m.account_id = i.account_id and m.user_id = i.invited_by_user_id) as inviter_role,
    i.accepted_at is not null as is_accepted, i.expires_at <= now() as is_expired,
    exists (select from memberships m where m.account_id = i.account_id and m.user_id = $3) as is_member, a.status as account_status
  from invitations i join accounts a on a.id = i.account_id and a.deleted_at is null
  where i.account_id = $1 and i.token_hash = $2 for update of i`);

export const markAccepted = statement<never>(
  'update invitations set accepted_at = now() where account_id = $1 and id = $2 and accepted_at is null and expires_at > now()',
);

export const insertMembership = statement<never>(
  'insert into memberships (account_id, user_id, role) values ($1, $2, $3) on conflict (account_id, user_id) do nothing',
);
