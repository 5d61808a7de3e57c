import { statement } from '../../kernel/sql.ts';

/** A user has one code; a new one ($3, bound to the address $2) takes the place of the one before. */
export const upsertCode = statement<never>(`
  insert into login_codes (user_id, email, code_hmac, expires_at) values ($1, $2, $3, now() + make_interval(secs => $4))
  on conflict (user_id) do update set email = excluded.email, code_hmac = excluded.code_hmac, expires_at = excluded.expires_at`);

/** Of parallel calls one takes the code. One that was mailed to an address that is no longer the user's is no proof. */
export const consumeCode = statement<{ user_id: string }>(`
  delete from login_codes c using users u
  where c.user_id = $1 and c.code_hmac = $2 and c.expires_at > clock_timestamp() and u.id = c.user_id and u.email = c.email
  returning c.user_id`);

export const markVerified = statement<never>('update users set email_verified_at = coalesce(email_verified_at, now()) where id = $1');

/** What a user is told who asks to have the address verified. */
export type AddressRow = { email: string | null; verified: boolean; locale: string | null; home: string | null };

export const selectAddress = statement<AddressRow>(`
  select u.email, u.email_verified_at is not null as verified, u.locale,
    (select a.id from accounts a where a.owner_user_id = u.id and a.type = 'personal') as home
  from users u where u.id = $1`);

/** A new token ($3) voids the one before. */
export const upsertVerification = statement<never>(`
  insert into email_verifications (user_id, email, token_hash, expires_at) values ($1, $2, $3, now() + interval '1 hour')
  on conflict (user_id) do update set email = excluded.email, token_hash = excluded.token_hash, expires_at = excluded.expires_at`);

/** Takes a token, and verifies the address if it is still the user's. Of parallel calls one finds it. */
export const consumeVerification = statement<{ user_id: string; home: string | null }>(`
  with used as (
    delete from email_verifications where token_hash = $1 and expires_at > clock_timestamp() returning user_id, email)
  update users u set email_verified_at = coalesce(u.email_verified_at, now())
  from used where u.id = used.user_id and u.email = used.email and u.status <> 'deleted'
  returning u.id as user_id, (select a.id from accounts a where a.owner_user_id = u.id and a.type = 'personal') as home`);
