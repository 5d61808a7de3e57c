import { statement } from '../../kernel/sql.ts';

/** A user has one code for each address that asked ($5); a new one ($3, bound to the email address $2) takes the place of the one before. */
export const upsertCode = statement<never>(`
  insert into login_codes (user_id, email, code_hmac, expires_at, asked_from) values ($1, $2, $3, now() + make_interval(secs => $4), $5)
  on conflict (user_id, asked_from) do update set
    email = excluded.email, code_hmac = excluded.code_hmac, expires_at = excluded.expires_at, foreign_guesses = 0`);

/** Counts a guess from the address $2 against the codes that other addresses asked for, $3 for each; gives those that it may still open. */
export const countForeignGuess = statement<{ asked_from: string }>(`
  update login_codes set foreign_guesses = foreign_guesses + 1
  where user_id = $1 and asked_from <> $2 and foreign_guesses < $3 and expires_at > clock_timestamp() returning asked_from`);

/**
 * Of parallel calls one takes the code, if it is one of those that the addresses $3 asked for. One that was mailed to an address that is no longer the
 * user's is no proof.
 */
export const consumeCode = statement<{ email: string }>(`
  delete from login_codes c using users u
  where c.user_id = $1 and c.code_hmac = $2 and c.asked_from = any($3) and c.expires_at > clock_timestamp() and u.id = c.user_id and u.email = c.email
  returning c.email`);

export const deleteCodes = statement<never>('delete from login_codes where user_id = $1');

/** The addresses that the user $1 has signed in from within 90 days, except those of sessions that were ended for a reason. */
export const selectPlaces = statement<{ ip: string }>(`
  select distinct ip from sessions
  where user_id = $1 and created_at > now() - interval '90 days' and ip is not null and (revoke_reason is null or revoke_reason = 'logout')`);

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

/** Takes a token that was mailed to the present address of its user. Of parallel calls one finds it. */
export const consumeVerification = statement<{ user_id: string; email: string; home: string | null }>(`
  delete from email_verifications v using users u
  where v.token_hash = $1 and v.expires_at > clock_timestamp() and u.id = v.user_id and u.email = v.email and u.status <> 'deleted'
  returning v.user_id, v.email, (select a.id from accounts a where a.owner_user_id = u.id and a.type = 'personal') as home`);
