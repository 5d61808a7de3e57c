import { statement } from '../../kernel/sql.ts';

/** A user with the account that is active, and whether password sign-in waits for a verified email address. */
export type MeRow = {
  id: string;
  username: string;
  login: string | null;
  email: string | null;
  email_verified: boolean;
  email_verification_required: boolean;
  timezone: string | null;
  locale: string | null;
  created_at: string;
  account_id: string;
  account_name: string;
  account_timezone: string | null;
};

export const selectMe = statement<MeRow>(`
  select u.id, u.username, c.login, u.email, u.email_verified_at is not null as email_verified, u.timezone, u.locale, u.created_at,
    a.id as account_id, a.name as account_name, a.timezone as account_timezone,
    coalesce((select default_value from feature_flags where key = 'auth.require_email_verification'), false) as email_verification_required
  from users u join accounts a on a.id = $2 left join credentials c on c.user_id = u.id
  where u.id = $1`);

/** What people may change of themselves, and the account whose audit log says so. */
export type ProfileRow = { username: string; timezone: string | null; locale: string | null; home: string | null };

export const lockProfile = statement<ProfileRow>(`
  select u.username, u.timezone, u.locale, (select a.id from accounts a where a.owner_user_id = u.id and a.type = 'personal') as home
  from users u where u.id = $1 for update`);

export const updateProfile = statement<never>('update users set username = $2, timezone = $3, locale = $4 where id = $1');
