import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { changes, Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

/** Roles that a member can be given. */
export const MemberRole = z.enum(['admin', 'member']).meta({ id: 'MemberRole' });
export type MemberRole = z.infer<typeof MemberRole>;

/** A tenant: a user's personal account, or a shared workspace. */
export const Account = z
  .object({
    id: Id,
    slug: z.string(),
    name: z.string(),
    type: z.enum(['personal', 'workspace']),
    status: z.enum(['active', 'suspended']),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    role: z.string().nullable().meta({ description: 'Your role in the account; null for a platform admin who is not a member.' }),
    created_at: Time,
  })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof Account>;

const reserved: readonly string[] = ['me', 'admin', 'api', 'platform', 'system'];

export const NewAccount = z
  .strictObject({
    slug: z
      .string()
      .trim()
      .max(100)
      .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be lower-case letters and digits, with single hyphens between them')
      .refine((slug) => !reserved.includes(slug) && !slug.startsWith('personal-'), {
        error: 'is reserved',
        params: { reason: 'slug_reserved' },
      })
      .meta({ description: 'Unique forever, even after the account is closed.' }),
    name: trimmedText(200),
  })
  .meta({ id: 'NewAccount' });
export type NewAccount = z.infer<typeof NewAccount>;

export const AccountChanges = changes({
  name: trimmedText(200).optional(),
  timezone: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .meta({ pattern: '^\\s*[A-Za-z][A-Za-z0-9_+/-]*\\s*$' })
    .nullish()
    .meta({ description: 'IANA time zone; null clears it.' }),
}).meta({ id: 'AccountChanges' });
export type AccountChanges = z.infer<typeof AccountChanges>;

export const AccountClosing = z
  .strictObject({ slug: z.string().meta({ pattern: '^[a-z0-9-]+$', description: 'The slug of the account, as confirmation.' }) })
  .meta({ id: 'AccountClosing' });
export type AccountClosing = z.infer<typeof AccountClosing>;

export const Member = z
  .object({ account_id: Id, user_id: Id, username: z.string(), email: z.string().nullable(), role: z.string(), created_at: Time })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof Member>;

export const MemberChanges = z.strictObject({ role: MemberRole }).meta({ id: 'MemberChanges' });
export type MemberChanges = z.infer<typeof MemberChanges>;

export const accounts = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/accounts',
    summary: 'Create a workspace',
    description: 'The active account does not change.',
    body: NewAccount,
    responses: { 201: Account },
    metadata: { auth: 'user', account: 'optional', quota: 'accounts', audit: ['account.create', 'account'] },
  },
  mine: {
    method: 'GET',
    path: '/v1/accounts/me',
    summary: 'List your accounts, newest first',
    query: pageQuery(),
    responses: { 200: z.array(Account) },
    metadata: { auth: 'user', account: 'optional', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/accounts/{account_id}',
    summary: 'Retrieve an account',
    responses: { 200: Account },
    metadata: { auth: 'user', exempt: 'platform.admin' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/accounts/{account_id}',
    summary: 'Update the name or time zone of an account',
    body: AccountChanges,
    responses: { 200: Account },
    metadata: { auth: 'user', permission: 'account.members.invite', audit: ['account.update', 'account'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/accounts/{account_id}',
    summary: 'Close a workspace',
    description:
      'Memberships, API keys and invitations end immediately, and open runs are canceled. The credit ledger, usage and audit log are kept.',
    body: AccountClosing,
    responses: { 204: null },
    metadata: { auth: 'user', permission: 'account.members.revoke', audit: ['account.delete', 'account'], extraErrors: [409] },
  },
  members: {
    method: 'GET',
    path: '/v1/accounts/{account_id}/members',
    summary: 'List members, newest first',
    query: pageQuery(),
    responses: { 200: z.array(Member) },
    metadata: { auth: 'user', read: 'account.members.list', pages: 'cursor' },
  },
  updateMember: {
    method: 'PATCH',
    path: '/v1/accounts/{account_id}/members/{user_id}',
    summary: 'Update the role of a member',
    description: 'Changing the role voids the open invitations that the member sent.',
    body: MemberChanges,
    responses: { 200: Member },
    metadata: {
      auth: 'user',
      read: 'account.members.list',
      permission: 'account.members.invite',
      audit: ['account_member.update', 'user'],
      extraErrors: [409],
    },
  },
  removeMember: {
    method: 'DELETE',
    path: '/v1/accounts/{account_id}/members/{user_id}',
    summary: 'Remove a member, or leave an account',
    description: "The member's API keys, open invitations and share links end immediately. Threads, runs and projects are kept.",
    body: null,
    responses: { 204: null },
    metadata: {
      auth: 'user',
      read: 'account.members.list',
      permission: 'account.members.revoke',
      exempt: 'self',
      audit: ['account_member.remove', 'user'],
      extraErrors: [409],
    },
  },
} as const satisfies Resource);
