import type { User, UserAccount } from '../../../contract/users.ts';
import type { EmailKey } from '../../kernel/identity.ts';
import type { Skeleton } from '../../kernel/lookalikes.ts';
import { statement } from '../../kernel/sql.ts';

/** A user with the login; `is_person` tells who can sign in from the built-in service user, who has no credential. */
export type UserRow = User & { is_person: boolean };

const user = `
  select u.id, c.login, u.username, u.email, u.email_verified_at, u.status, u.locale, u.timezone, u.is_platform_admin, u.last_login_at, u.created_at,
    c.user_id is not null as is_person
  from users u left join credentials c on c.user_id = u.id where u.status <> 'deleted'`;

/** Newest first, from the sort key ($3, $4) on; $1: what name, login or email contain, as a pattern, $6: what their canonical forms contain. */
export const selectUsers = statement<UserRow>(`${user}
  and ($1::text is null or u.username ilike $1 or c.login ilike $1 or u.email ilike $1 or c.login_key like $6 or u.email_key like $6) and ($2::text is null or u.status = $2)
  and ($3::timestamptz is null or (u.created_at, u.id) < ($3::timestamptz, $4::uuid))
  order by u.created_at desc, u.id desc limit $5`);

export const selectUser = statement<UserRow>(`${user} and u.id = $1`);

/** The user as he is until the commit: what signs him in, starts a run of his or makes him a member waits, and sees the change. */
export const lockUser = statement<UserRow>(`${user} and u.id = $1 for no key update of u`);

export const selectAccounts = statement<UserAccount>(`
  select a.id as account_id, a.name, a.type, m.role from memberships m join accounts a on a.id = m.account_id and a.deleted_at is null
  where m.user_id = $1 order by m.created_at desc, a.id desc`);

/** Users are administered one after the other, so that two admins cannot end each other's rights at once. */
export const takeTurn = statement<unknown>(`select pg_advisory_xact_lock(hashtextextended('administration of users', 0))`);

/** How many active platform admins there are beside the user $1, and whether the user $2 is one at all. */
export const selectAdmins = statement<{ others: number; with_actor: boolean }>(`
  select (count(*) filter (where id <> $1))::int as others, coalesce(bool_or(id = $2), false) as with_actor
  from users where is_platform_admin and status = 'active'`);

export const isActive = statement<{ id: string }>(`select id from users where id = $1 and status = 'active'`);

/** The address has a statement of its own, and its verification is changed by `verifyAddress` and `unverifyAddress`. */
export const updateUser = statement<never>(
  'update users set status = $2, username = $3, locale = $4, timezone = $5, is_platform_admin = $6 where id = $1',
);

export const updateEmail = statement<never, [id: string, email: string | null, EmailKey | null, Skeleton | null]>(
  'update users set email = $2, email_key = $3, email_skeleton = $4 where id = $1',
);

/** What is kept of who was deleted names rows of the past, and nobody in the world. */
export const markDeleted = statement<never>(`
  update users set status = 'deleted', email = null, email_key = null, email_skeleton = null, is_platform_admin = false where id = $1`);

export const deleteCredential = statement<never>('delete from credentials where user_id = $1');
export const deleteLoginCode = statement<never>('delete from login_codes where user_id = $1');
export const deleteVerification = statement<never>('delete from email_verifications where user_id = $1');

export const endSessions = statement<never>(
  'update sessions set revoked_at = now(), revoke_reason = $2 where user_id = $1 and revoked_at is null',
);

/** The runs of a user that nobody has asked to stop, in all accounts. */
export const selectOpenRuns = statement<{ id: string; account_id: string }>(`
  select r.id, r.account_id from runs r where r.created_by_user_id = $1 and r.status in ('running', 'waiting_for_input') order by r.id`);

/** Locked, nobody joins or leaves an account. In the order of their ids, so that two who lock several do not wait for each other. */
export const lockAccounts = statement<{ id: string }>(`
  select a.id from memberships m join accounts a on a.id = m.account_id and a.deleted_at is null
  where m.user_id = $1 order by a.id for no key update of a`);

/** What ties a user to an account: the role, and who else is there. */
export type TieRow = { account_id: string; type: 'personal' | 'workspace'; role: string; others: number; other_admins: number };

/** Asked under the locks of the accounts. */
export const selectTies = statement<TieRow>(`
  select m.account_id, a.type, m.role, (count(o.user_id))::int as others, (count(*) filter (where o.role = 'admin'))::int as other_admins
  from memberships m join accounts a on a.id = m.account_id and a.deleted_at is null
    left join memberships o on o.account_id = m.account_id and o.user_id <> m.user_id
  where m.user_id = $1 group by m.account_id, a.type, m.role order by m.account_id`);
