import type { User, UserAccount, UserDetail } from '../../../contract/users.ts';
import { readTimeZone } from '../auth/fields.ts';
import type { UserRow } from './queries.ts';

/** A user as platform admins see them. An invalid stored time zone reads as null. */
export const viewUser = (row: UserRow): User => ({
  id: row.id,
  login: row.login,
  username: row.username,
  email: row.email,
  email_verified_at: row.email_verified_at,
  status: row.status,
  locale: row.locale,
  timezone: readTimeZone(row.timezone) ?? null,
  is_platform_admin: row.is_platform_admin,
  last_login_at: row.last_login_at,
  created_at: row.created_at,
});

export const viewUserDetail = ({ user, accounts }: { user: UserRow; accounts: readonly UserAccount[] }): UserDetail => ({
  ...viewUser(user),
  accounts: accounts.map(({ account_id, name, type, role }) => ({ account_id, name, type, role })),
});
