import { z } from 'zod';
import { Account } from './accounts.ts';
import { changes, Id, localeMeta, searchParam, Time, timeZoneMeta } from './shared/fields.ts';
import { adminPageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const UserStatus = z
  .enum(['active', 'suspended'])
  .meta({ id: 'UserStatus', description: 'Whether a user may sign in. Deleted users are not returned.' });
export type UserStatus = z.infer<typeof UserStatus>;

export const User = z
  .object({
    id: Id.meta({ description: 'ID of the user.' }),
    login: z.string().nullable().meta({ description: 'Null for the built-in service user, which cannot sign in.' }),
    username: z.string().meta({ description: 'Display name.' }),
    email: z.string().nullable().meta({ description: 'Email address; null if the user has none.' }),
    email_verified_at: Time.nullable().meta({ description: 'When the address was verified; null if it is not.' }),
    status: UserStatus.meta({ description: 'Whether the user may sign in.' }),
    locale: z.string().nullable().meta({ description: 'BCP 47 language tag.' }),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    is_platform_admin: z.boolean().meta({ description: 'Whether the user has the permissions of the platform.' }),
    last_login_at: Time.nullable().meta({ description: 'When the user last signed in; null if never.' }),
    created_at: Time.meta({ description: 'When the user registered.' }),
  })
  .meta({ id: 'User', description: 'A user as seen by platform admins.' });
export type User = z.infer<typeof User>;

export const UserAccount = z
  .object({
    account_id: Id.meta({ description: 'The account.' }),
    name: z.string().meta({ description: 'Display name of the account.' }),
    type: Account.shape.type,
    role: z.string().meta({ description: 'Role of the user in the account.' }),
  })
  .meta({ id: 'UserAccount', description: 'An account that a user is a member of.' });
export type UserAccount = z.infer<typeof UserAccount>;

export const UserDetail = User.extend({ accounts: z.array(UserAccount).meta({ description: 'Newest membership first.' }) }).meta({
  id: 'UserDetail',
  description: 'A user with their accounts.',
});
export type UserDetail = z.infer<typeof UserDetail>;

export const UserChanges = changes({
  status: UserStatus.optional().meta({ description: 'Suspends or reactivates the user.' }),
  username: z
    .string()
    .meta({ pattern: '^[^@]+$' })
    .optional()
    .meta({ description: 'Trimmed and NFKC-normalized. 1 to 256 bytes; no `@`, control or format characters.' }),
  email: z
    .string()
    .nullish()
    .meta({ description: 'Unique among users, ignoring case; null or empty clears it. A new address is unverified.' }),
  email_verified: z.boolean().optional().meta({ description: 'If true, marks the email address as verified. Requires an email address.' }),
  locale: z.string().trim().max(35).meta(localeMeta).nullish().meta({ description: 'BCP 47 language tag; null or empty clears it.' }),
  timezone: z.string().trim().max(64).meta(timeZoneMeta).nullish().meta({ description: 'IANA time zone; null or empty clears it.' }),
  is_platform_admin: z
    .boolean()
    .optional()
    .meta({ description: 'Grants or removes the permissions of the platform, from the next request on.' }),
}).meta({ id: 'UserChanges', description: 'The fields of the user to change. At least one is required.' });
export type UserChanges = z.infer<typeof UserChanges>;

export const UsersQuery = adminPageQuery({
  q: searchParam().optional().meta({ description: 'Matches part of the username, login or email, ignoring case.' }),
  status: UserStatus.optional().meta({ description: 'Return only users with this status.' }),
});
export type UsersQuery = z.infer<typeof UsersQuery>;

export const users = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/users',
    summary: 'List users, newest first',
    description: 'Deleted users are left out. Use `q` to find a user by name or address.',
    query: UsersQuery,
    responses: { 200: z.array(User) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/users/{user_id}',
    summary: 'Retrieve a user and their accounts',
    description: 'Use this for support: it shows the status, and the accounts and roles of the user.',
    responses: { 200: UserDetail },
    metadata: { auth: 'platform' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/users/{user_id}',
    summary: 'Suspend or reactivate a user, or update their profile',
    description:
      'Suspending a user ends all their sessions, stops their runs and closes their event streams. API keys are rejected until the user is ' +
      'active again. Ended sessions are not restored.',
    body: UserChanges,
    responses: { 200: UserDetail },
    metadata: { auth: 'platform', audit: ['user.update', 'user'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/users/{user_id}',
    summary: 'Delete a user',
    description:
      'The login and email become available again. The personal account and all workspaces without other members are closed. ' +
      'The last admin of a workspace with other members cannot be deleted; `details.accounts` lists these workspaces.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['user.delete', 'user'], extraErrors: [409] },
  },
  removeSecondFactor: {
    method: 'DELETE',
    path: '/v1/admin/users/{user_id}/second-factor',
    summary: 'Remove the second factor of a user',
    description:
      'For users who have lost their authenticator app and their recovery codes. Verify who asks first: afterwards, a password or an emailed code is enough to sign in. The user is notified.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['second_factor.remove', 'user'], extraErrors: [409] },
  },
} as const satisfies Resource);
