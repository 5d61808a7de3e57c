import type { EmailKey, LoginKey } from '../../kernel/identity.ts';
import type { Skeleton } from '../../kernel/lookalikes.ts';
import { statement } from '../../kernel/sql.ts';

/** Whether a login or an address, or what looks like it, is taken. The built-in service user has a login without a credential. */
export const selectTaken = statement<
  { login: boolean; email: boolean },
  [login: LoginKey, skeleton: Skeleton, email: EmailKey | null, skeleton: Skeleton | null]
>(`
  select 'system_agent' in ($1, $2) or exists (select from credentials where login_key = $1)
      or exists (select from credentials where login_skeleton = $2) as login,
    exists (select from users where email_key = $3 and status <> 'deleted')
      or exists (select from users where email_skeleton = $4 and status <> 'deleted') as email`);

/** What sign-in needs to know of a user. */
export type CredentialRow = {
  user_id: string;
  login_key: string;
  /** Null when there is no password. */
  password_hash: string | null;
  status: 'active' | 'suspended';
  email_verified: boolean;
  is_platform_admin: boolean;
  email: string | null;
  /** Null also for an address that another user was found to have (migration 30). */
  email_key: EmailKey | null;
  locale: string | null;
  account_id: string;
  role: string | null;
};

const credential = `
  select u.id as user_id, c.login_key, c.password_hash, u.status, u.email_verified_at is not null as email_verified, u.is_platform_admin,
    u.email, u.email_key, u.locale, a.id as account_id, m.role
  from users u join credentials c on c.user_id = u.id
    join accounts a on a.owner_user_id = u.id and a.type = 'personal'
    left join memberships m on m.account_id = a.id and m.user_id = u.id
  where u.status <> 'deleted'`;

/** The user with the login $1 or the address $2: no text can be both, because no login has an @. Two indexes, so no `or`. */
export const selectCredential = statement<CredentialRow, [login: LoginKey, email: EmailKey | null]>(`
  (${credential} and c.login_key = $1) union all (${credential} and u.email_key = $2) limit 1`);

export const selectByEmail = statement<CredentialRow, [EmailKey]>(`${credential} and u.email_key = $1`);
export const selectById = statement<CredentialRow>(`${credential} and u.id = $1`);

/** Only an active user signs in; the row stays locked until the session is there, so that a suspension comes before or after both. */
export const lockActiveUser = statement<never>(`select 1 as active from users where id = $1 and status = 'active' for no key update`);

/** The hash as it is now; no password changes until the transaction is over. */
export const lockHash = statement<{ password_hash: string | null }>('select password_hash from credentials where user_id = $1 for update');

export const replaceHash = statement<never>(
  `update credentials set password_hash = $3, updated_at = now() where user_id = $1 and password_hash is not distinct from $2`,
);

export const insertSession = statement<{ issued_at: string }>(`
  with signed_in as (update users set last_login_at = now() where id = $2),
  opened as (
    insert into sessions (id, user_id, active_account_id, ip, user_agent, method) values ($1, $2, $3, $4, $5, $8) returning id, created_at)
  insert into refresh_tokens (token_hash, session_id, generation, issued_at, expires_at)
  select $6, id, 0, created_at, created_at + make_interval(secs => $7) from opened returning issued_at`);

/** A refresh token with its session and user, seen in the account $2 or else the one the session is in. */
export type RefreshRow = {
  session_id: string;
  user_id: string;
  user_status: 'active' | 'suspended' | 'deleted';
  is_platform_admin: boolean;
  revoked: boolean;
  rotated: boolean;
  /** Rotated at most `$3` seconds ago, and the token that replaced it is the current one. */
  in_grace: boolean;
  expired: boolean;
  account_id: string | null;
  account_status: 'active' | 'suspended' | null;
  role: string | null;
  personal_account_id: string;
  personal_role: string | null;
};

export const selectRefresh = statement<RefreshRow>(`
  select t.session_id, s.user_id, u.status as user_status, u.is_platform_admin, s.revoked_at is not null as revoked,
    t.rotated_at is not null as rotated,
    coalesce(t.rotated_at > clock_timestamp() - make_interval(secs => $3), false)
      and t.generation + 1 = (select max(c.generation) from refresh_tokens c where c.session_id = t.session_id) as in_grace,
    t.expires_at <= clock_timestamp() as expired,
    a.id as account_id, a.status as account_status, m.role, p.id as personal_account_id, pm.role as personal_role
  from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
    join accounts p on p.owner_user_id = u.id and p.type = 'personal'
    left join memberships pm on pm.account_id = p.id and pm.user_id = u.id
    left join accounts a on a.id = coalesce($2, s.active_account_id) and a.deleted_at is null
    left join memberships m on m.account_id = a.id and m.user_id = u.id
  where t.token_hash = $1`);

/** Exactly one of parallel calls finds the token unrotated, takes it and puts the next one ($2) in its place. */
export const rotate = statement<{ issued_at: string }>(`
  with taken as (
    update refresh_tokens set rotated_at = now() where token_hash = $1 and rotated_at is null and expires_at > now()
    returning session_id, generation),
  live as (
    update sessions s set last_used_at = now(), active_account_id = $3 from taken where s.id = taken.session_id and s.revoked_at is null
    returning s.id, taken.generation)
  insert into refresh_tokens (token_hash, session_id, generation, expires_at)
  select $2, id, generation + 1, now() + make_interval(secs => $4) from live returning issued_at`);

export const revokeReused = statement<never>(
  `update sessions set revoked_at = now(), revoke_reason = 'reuse' where id = $1 and revoked_at is null`,
);

/** Ends the session $2 of the user $1, those whose refresh tokens are $3, or with $4 all of them. */
export const revokeSessions = statement<never>(`
  update sessions set revoked_at = now(), revoke_reason = case when $4::boolean then 'logout_all' else 'logout' end
  where user_id = $1 and revoked_at is null
    and ($4::boolean or id = $2 or id in (select session_id from refresh_tokens where token_hash = any($3)))`);

/** The session $1, if a mailed code opened it within the last ten minutes. */
export const isFreshCodeSession = statement<{ id: string }>(
  `select id from sessions where id = $1 and method = 'email_otp' and created_at > clock_timestamp() - interval '10 minutes'`,
);

/** The live session of the user $1 with the id $2 or the refresh token $3, which another request may be exchanging at this moment. */
export const selectOwnSession = statement<{ id: string; method: string }>(`
  select id, method from sessions where user_id = $1 and revoked_at is null
    and (id = $2::uuid or id = (select session_id from refresh_tokens where token_hash = $3 and expires_at > now()))
  order by (method = 'password') desc limit 1`);

/** Ends every session of the user $1 but $2. */
export const endOtherSessions = statement<never>(
  `update sessions set revoked_at = now(), revoke_reason = 'logout_all' where user_id = $1 and id <> $2 and revoked_at is null`,
);

export const invalidateTokens = statement<never>(
  `update users set tokens_invalid_before = greatest(tokens_invalid_before, now()) where id = $1`,
);

export const selectPersonalAccount = statement<{ id: string }>(`select id from accounts where owner_user_id = $1 and type = 'personal'`);
