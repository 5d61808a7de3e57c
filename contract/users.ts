import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, oneOrMore, searchParam, someField, Time } from './shared/fields.ts';
import { aliasedPageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** Whether somebody may sign in. Who was deleted is not shown any more. */
export const UserStatus = z.enum(['active', 'suspended']).meta({ id: 'UserStatus' });
export type UserStatus = z.infer<typeof UserStatus>;

/** A user as those who run the platform see one. */
export const User = z
  .object({
    id: Id,
    login: z.string().nullable().meta({ description: 'null for the built-in service user, who cannot sign in.' }),
    username: z.string(),
    email: z.string().nullable(),
    email_verified_at: Time.nullable(),
    status: UserStatus,
    locale: z.string().nullable().meta({ description: 'BCP 47 tag.' }),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    is_platform_admin: z.boolean(),
    last_login_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;

/** One of the accounts that a user is a member of. */
export const UserAccount = z
  .object({ account_id: Id, name: z.string(), type: z.enum(['personal', 'workspace']), role: z.string() })
  .meta({ id: 'UserAccount' });
export type UserAccount = z.infer<typeof UserAccount>;

export const UserDetail = User.extend({ accounts: z.array(UserAccount).meta({ description: 'Newest membership first.' }) }).meta({
  id: 'UserDetail',
});
export type UserDetail = z.infer<typeof UserDetail>;

export const UserChanges = z
  .strictObject({
    status: UserStatus.optional(),
    username: z
      .string()
      .optional()
      .meta({ description: 'Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters.' }),
    email: z.string().nullish().meta({ description: 'Unique among users, ignoring case; null or empty clears. A new one is unverified.' }),
    email_verified: z.boolean().optional().meta({ description: 'true: the address counts as verified from now on; needs an address.' }),
    locale: z.string().trim().max(35).nullish().meta({ description: 'BCP 47 tag; null or empty clears.' }),
    timezone: z.string().trim().max(64).nullish().meta({ description: 'IANA time zone; null or empty clears.' }),
    is_platform_admin: z.boolean().optional(),
  })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'UserChanges' });
export type UserChanges = z.infer<typeof UserChanges>;

export const UsersQuery = aliasedPageQuery({
  q: searchParam().optional().meta({ description: 'Part of the name, the login or the email, in either case.' }),
  status: UserStatus.optional(),
});
export type UsersQuery = z.infer<typeof UsersQuery>;

/** The users of the platform. */
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
    summary: 'Read a user, with the accounts of the user',
    responses: { 200: UserDetail },
    metadata: { auth: 'platform' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/users/{user_id}',
    summary: 'Suspend or re-activate a user, or change the profile',
    description:
      'Suspending ends every session, stops the runs of the user and closes the streams; API keys are refused until the user is active again. ' +
      'Ended sessions stay ended.',
    body: UserChanges,
    responses: { 200: UserDetail },
    metadata: { auth: 'platform', audit: ['user.update', 'user'], also: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/users/{user_id}',
    summary: 'Delete a user',
    description:
      'Login and email are free again; the personal account and every workspace without another member are closed. ' +
      'Who is the last admin of a workspace with other members cannot be deleted: `details.accounts` names those.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['user.delete', 'user'], also: [409] },
  },
} as const satisfies Resource);
