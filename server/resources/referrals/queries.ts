import type { Referral, ReferralNode } from '../../../contract/referrals.ts';
import { statement } from '../../kernel/sql.ts';

/** A referral with the logins of both; its columns are the fields that are published. */
export type ReferralRow = Referral;
export type ReferralNodeRow = ReferralNode;

export const insertReferral = statement<never>(`
  insert into referrals (id, inviter_user_id, invitee_user_id, invite_code_id, credited) values ($1, $2, $3, $4, $5)`);

/** The login of a user; nobody who was deleted has one. */
const loginOf = (user: string) =>
  `(select c.login from credentials c join users u on u.id = c.user_id and u.status <> 'deleted' where c.user_id = ${user})`;

/** Newest first, from the sort key ($2, $3) on; $1: of one inviter only. */
export const selectReferrals = statement<ReferralRow>(`
  select r.id, r.inviter_user_id, r.invitee_user_id, r.invite_code_id, r.credited, r.created_at,
    ${loginOf('r.inviter_user_id')} as inviter_login, ${loginOf('r.invitee_user_id')} as invitee_login
  from referrals r
  where ($1::uuid is null or r.inviter_user_id = $1) and ($2::timestamptz is null or (r.created_at, r.id) < ($2::timestamptz, $3::uuid))
  order by r.created_at desc, r.id desc limit $4`);

/** The user $1 and whom he brought along, $2 steps down, $3 users at most. A user has one inviter, so only a circle could come back to somebody. */
export const selectTree = statement<ReferralNodeRow>(`
  with recursive tree (user_id, inviter_id, depth, created_at, path) as (
    select u.id, null::uuid, 0, u.created_at, array[u.id] from users u where u.id = $1
    union all
    select r.invitee_user_id, r.inviter_user_id, t.depth + 1, r.created_at, t.path || r.invitee_user_id
    from tree t join referrals r on r.inviter_user_id = t.user_id
    where t.depth < $2 and r.invitee_user_id <> all(t.path)),
  nearest as (select user_id, inviter_id, depth, created_at from tree order by depth, created_at, user_id limit $3)
  select n.user_id, ${loginOf('n.user_id')} as login, n.inviter_id, n.depth, n.created_at
  from nearest n order by n.depth, n.created_at, n.user_id`);
