import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, name, oneOrMore, someField, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** The roles a membership can be given. */
export const MemberRole = z.enum(['admin', 'member']).meta({ id: 'MemberRole' });
export type MemberRole = z.infer<typeof MemberRole>;

/** A tenant: the personal account of a user, or a workspace that people share. */
export const Account = z
  .object({
    id: Id,
    slug: z.string(),
    name: z.string(),
    type: z.enum(['personal', 'workspace']),
    status: z.enum(['active', 'suspended']),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    role: z.string().nullable().meta({ description: 'Your role in it; null for an admin of the platform who is not a member.' }),
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
      .refine((slug) => !reserved.includes(slug) && !slug.startsWith('personal-'), 'is reserved')
      .meta({ description: 'Unique for ever, also after the account was closed.' }),
    name: name(200),
  })
  .meta({ id: 'NewAccount' });
export type NewAccount = z.infer<typeof NewAccount>;

export const AccountChanges = z
  .strictObject({
    name: name(200).optional(),
    timezone: z.string().trim().min(1).max(64).nullish().meta({ description: 'IANA time zone; null clears.' }),
  })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'AccountChanges' });
export type AccountChanges = z.infer<typeof AccountChanges>;

export const AccountClosing = z
  .strictObject({ slug: z.string().meta({ description: 'The slug of the account, as a confirmation.' }) })
  .meta({ id: 'AccountClosing' });
export type AccountClosing = z.infer<typeof AccountClosing>;

/** A user in an account. */
export const Member = z
  .object({ account_id: Id, user_id: Id, username: z.string(), email: z.string().nullable(), role: z.string(), created_at: Time })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof Member>;

export const MemberChanges = z.strictObject({ role: MemberRole }).meta({ id: 'MemberChanges' });
export type MemberChanges = z.infer<typeof MemberChanges>;

/** Accounts and who belongs to them. */
export const accounts = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/accounts',
    summary: 'Open a workspace',
    description: 'The active account stays the same.',
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
    summary: 'Read an account',
    responses: { 200: Account },
    metadata: { auth: 'user', or: 'platform.admin' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/accounts/{account_id}',
    summary: 'Change the name or the time zone of an account',
    body: AccountChanges,
    responses: { 200: Account },
    metadata: { auth: 'user', permission: 'account.members.invite', audit: ['account.update', 'account'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/accounts/{account_id}',
    summary: 'Close a workspace',
    description: 'Memberships, keys and invitations end at once and open runs are cancelled. Ledger, usage and audit log are kept.',
    body: AccountClosing,
    responses: { 204: null },
    metadata: { auth: 'user', permission: 'account.members.revoke', audit: ['account.delete', 'account'], also: [409] },
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
    summary: 'Change the role of a member',
    description: 'Another role voids the open invitations of the member.',
    body: MemberChanges,
    responses: { 200: Member },
    metadata: {
      auth: 'user',
      read: 'account.members.list',
      permission: 'account.members.invite',
      audit: ['account_member.update', 'user'],
      also: [409],
    },
  },
  removeMember: {
    method: 'DELETE',
    path: '/v1/accounts/{account_id}/members/{user_id}',
    summary: 'Remove a member, or leave',
    description: 'Keys, open invitations and share links of the member end at once. Threads, runs and projects stay.',
    body: null,
    responses: { 204: null },
    metadata: {
      auth: 'user',
      read: 'account.members.list',
      permission: 'account.members.revoke',
      or: 'self',
      audit: ['account_member.remove', 'user'],
      also: [409],
    },
  },
} as const satisfies Resource);
