import { statement } from '../../kernel/sql.ts';

/** A user in an account. */
export type MemberRow = {
  account_id: string;
  user_id: string;
  username: string;
  email: string | null;
  role: string;
  created_at: string;
};

const members = `
  select m.account_id, m.user_id, u.username, u.email, m.role, m.created_at
  from memberships m join users u on u.id = m.user_id where m.account_id = $1`;

export const selectMember = statement<MemberRow>(`${members} and m.user_id = $2`);

export const selectMembers = statement<MemberRow>(`
  ${members} and ($2::timestamptz is null or (m.created_at, m.user_id) < ($2::timestamptz, $3::uuid))
  order by m.created_at desc, m.user_id desc limit $4`);

export const selectMemberIds = statement<{ user_id: string }>('select user_id from memberships where account_id = $1');

/** Asked under the lock of the account. */
export const selectStanding = statement<{ role: string; other_admins: number; open_invitations: number }>(`
  select role, (select count(*)::int from memberships o where o.account_id = $1 and o.role = 'admin' and o.user_id <> $2) as other_admins,
    (select count(*)::int from invitations i
      where i.account_id = $1 and i.invited_by_user_id = $2 and i.accepted_at is null and i.expires_at > now()) as open_invitations
  from memberships where account_id = $1 and user_id = $2`);

export const selectRole = statement<{ role: string }>('select role from memberships where account_id = $1 and user_id = $2');

/** Another role voids the open invitations of the member, by a trigger. */
export const updateRole = statement<never>('update memberships set role = $3 where account_id = $1 and user_id = $2');

/** Memberships in teams and open invitations of the members go with them, by a foreign key and a trigger. */
export const deleteMemberships = statement<never>('delete from memberships where account_id = $1 and user_id = any($2::uuid[])');

export const revokeKeys = statement<never>(
  'update api_keys set revoked_at = now() where account_id = $1 and user_id = any($2::uuid[]) and revoked_at is null',
);

/** Only their creator can see or delete the share links of a member. */
export const deleteShares = statement<never>('delete from thread_shares where account_id = $1 and created_by_user_id = any($2::uuid[])');

/** Sessions that are in the account go home. */
export const moveSessions = statement<never>(`
  update sessions s set active_account_id = home.id from accounts home
  where home.owner_user_id = s.user_id and home.type = 'personal'
    and s.active_account_id = $1 and s.user_id = any($2::uuid[]) and s.revoked_at is null`);
