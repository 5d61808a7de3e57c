import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { changes, Id, localeMeta, searchParam, Time, timeZoneMeta } from './shared/fields.ts';
import { adminPageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

/** Whether a user may sign in. Deleted users are not returned. */
export const UserStatus = z.enum(['active', 'suspended']).meta({ id: 'UserStatus' });
export type UserStatus = z.infer<typeof UserStatus>;

/** A user as seen by platform admins. */
export const User = z
  .object({
    id: Id,
    login: z.string().nullable().meta({ description: 'Null for the built-in service user, which cannot sign in.' }),
    username: z.string(),
    email: z.string().nullable(),
    email_verified_at: Time.nullable(),
    status: UserStatus,
    locale: z.string().nullable().meta({ description: 'BCP 47 language tag.' }),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    is_platform_admin: z.boolean(),
    last_login_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;

/** An account that a user is a member of. */
export const UserAccount = z
  .object({ account_id: Id, name: z.string(), type: z.enum(['personal', 'workspace']), role: z.string() })
  .meta({ id: 'UserAccount' });
export type UserAccount = z.infer<typeof UserAccount>;

export const UserDetail = User.extend({ accounts: z.array(UserAccount).meta({ description: 'Newest membership first.' }) }).meta({
  id: 'UserDetail',
});
export type UserDetail = z.infer<typeof UserDetail>;

export const UserChanges = changes({
  status: UserStatus.optional(),
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
  is_platform_admin: z.boolean().optional(),
}).meta({ id: 'UserChanges' });
export type UserChanges = z.infer<typeof UserChanges>;

export const UsersQuery = adminPageQuery({
  q: searchParam().optional().meta({ description: 'Matches part of the username, login or email, ignoring case.' }),
  status: UserStatus.optional(),
});
export type UsersQuery = z.infer<typeof UsersQuery>;

export const users = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/admin/users',
    summary: 'List users, newest first',
    query: UsersQuery,
    responses: { 200: z.array(User) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/users/{user_id}',
    summary: 'Retrieve a user and their accounts',
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
} as const satisfies Resource);
