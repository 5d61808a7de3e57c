import { z } from 'zod';
import { changes, Id, Time, trimmedText } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import { declareFile, initContract, type Resource } from './shared/route.ts';

export const MemberRole = z.enum(['admin', 'member']).meta({
  id: 'MemberRole',
  description: 'A role of an account member. Admins manage members, settings and secrets; members work with threads, runs and projects.',
});
export type MemberRole = z.infer<typeof MemberRole>;

export const Account = z
  .object({
    id: Id.meta({ description: 'ID of the account.' }),
    slug: z.string().meta({ description: 'Unique name of the account. It cannot be changed.' }),
    name: z.string().meta({ description: 'Display name.' }),
    type: z
      .enum(['personal', 'workspace'])
      .meta({ id: 'AccountType', description: 'Kind of an account.' })
      .meta({ description: 'Each user has one `personal` account; a `workspace` has members.' }),
    status: z
      .enum(['active', 'suspended'])
      .meta({ id: 'AccountStatus', description: 'Status of an account.' })
      .meta({ description: 'Requests of members of a `suspended` account are rejected.' }),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    low_credit_threshold: z.int().min(0).nullable().meta({
      description: 'The event `credits.low` is sent when the balance falls below it; 0 turns it off. Null: the default of the platform.',
    }),
    second_factor_required_from: Time.nullable().meta({
      description:
        'From when members need a second factor, or a session that a passkey has opened or confirmed; null if they do not. API keys are not affected.',
    }),
    role: z.string().nullable().meta({ description: 'Your role in the account; null for a platform admin who is not a member.' }),
    created_at: Time.meta({ description: 'When the account was created.' }),
  })
  .meta({ id: 'Account', description: "A tenant: a user's personal account, or a shared workspace." });
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
    name: trimmedText(200).meta({ description: 'Display name, 1 to 200 characters.' }),
  })
  .meta({ id: 'NewAccount', description: 'A workspace to create.' });
export type NewAccount = z.infer<typeof NewAccount>;

export const AccountChanges = changes({
  name: trimmedText(200).optional().meta({ description: 'Display name, 1 to 200 characters.' }),
  timezone: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .meta({ pattern: '^\\s*[A-Za-z][A-Za-z0-9_+/-]*\\s*$' })
    .nullish()
    .meta({ description: 'IANA time zone; null clears it.' }),
  low_credit_threshold: z
    .int()
    .min(0)
    .max(10 ** 12)
    .nullish()
    .meta({ description: 'Credits; 0 turns the event `credits.low` off. Null: the default of the platform.' }),
  second_factor_required_from: Instant.nullish().meta({
    description:
      'From when members need a second factor or a passkey, now or later; null ends it. Members without one are then refused with 403 `second_factor_missing`.',
  }),
}).meta({ id: 'AccountChanges', description: 'The fields of the account to change. At least one is required.' });
export type AccountChanges = z.infer<typeof AccountChanges>;

export const AccountClosing = z
  .strictObject({ slug: z.string().meta({ pattern: '^[a-z0-9-]+$', description: 'The slug of the account, as confirmation.' }) })
  .meta({ id: 'AccountClosing', description: 'The confirmation for closing a workspace.' });
export type AccountClosing = z.infer<typeof AccountClosing>;

export const MemberSecondFactor = z
  .enum(['none', 'passkey', 'authenticator_app'])
  .meta({ id: 'MemberSecondFactor', description: 'The second factor of a member.' });

export const Member = z
  .object({
    account_id: Id.meta({ description: 'The account of the membership.' }),
    user_id: Id.meta({ description: 'The user who is a member.' }),
    username: z.string().meta({ description: 'Display name of the user.' }),
    email: z.string().nullable().meta({ description: 'Email address of the user; null if they have none.' }),
    role: z.string().meta({ description: 'Role in the account, which determines the permissions.' }),
    second_factor: MemberSecondFactor.meta({
      description:
        'The second factor of the user. A session needs `authenticator_app`, or to be opened or confirmed with the passkey, where one is required.',
    }),
    created_at: Time.meta({ description: 'When the user became a member.' }),
  })
  .meta({ id: 'Member', description: 'A member of an account.' });
export type Member = z.infer<typeof Member>;

export const MemberChanges = z
  .strictObject({ role: MemberRole.meta({ description: 'The new role. The last admin cannot become a member.' }) })
  .meta({ id: 'MemberChanges', description: 'The role to give a member.' });
export type MemberChanges = z.infer<typeof MemberChanges>;

export const accounts = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/accounts',
    summary: 'Create a workspace',
    description:
      'You become its admin. It starts without credits. The active account does not change: send `X-Account-Id` to work in the new one, then invite members.',
    body: NewAccount,
    responses: { 201: Account },
    metadata: { auth: 'user', account: 'optional', quota: 'accounts', audit: ['account.create', 'account'] },
  },
  mine: {
    method: 'GET',
    path: '/v1/accounts/me',
    summary: 'List your accounts, newest first',
    description: 'Use this to show an account switcher. Send the `id` of an account as `X-Account-Id` to act in it.',
    query: pageQuery(),
    responses: { 200: z.array(Account) },
    metadata: { auth: 'user', account: 'optional', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/accounts/{account_id}',
    summary: 'Retrieve an account',
    description: 'Returns the account with your role in it. Platform admins can retrieve every account.',
    responses: { 200: Account },
    metadata: { auth: 'user', exempt: 'platform.admin' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/accounts/{account_id}',
    summary: 'Update the name, time zone, credit threshold or required second factor of an account',
    description: 'Omitted fields keep their values. The slug cannot be changed.',
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
  export: {
    method: 'GET',
    path: '/v1/accounts/{account_id}/export',
    summary: 'Download the data of an account as a zip file',
    description:
      'A file of JSON lines for each kind of row, such as `threads.ndjson` and `messages.ndjson`, and the attachments and workspace files. All rows are of one moment. Contains everything of the account that you can read: of other members, the threads in shared projects, but neither private threads nor memories. Secrets are left out. The file is made while it is sent, so it has no length. At most 30 exports per account and hour.',
    responses: { 200: declareFile() },
    metadata: {
      auth: 'user',
      permission: ['account.audit_read', 'data.usage.read'],
      auditOnRead: ['account.export', 'account'],
      rateLimit: 'account_export',
    },
  },
  members: {
    method: 'GET',
    path: '/v1/accounts/{account_id}/members',
    summary: 'List members, newest first',
    description: 'Returns the users who can act in the account, with their roles. Open invitations are listed separately.',
    query: pageQuery(),
    responses: { 200: z.array(Member) },
    metadata: { auth: 'user', read: 'account.members.list', pages: 'cursor' },
  },
  updateMember: {
    method: 'PATCH',
    path: '/v1/accounts/{account_id}/members/{user_id}',
    summary: 'Update the role of a member',
    description:
      'The new permissions apply to the next request of the member. Changing the role voids the open invitations that the member sent. The last admin cannot become a member: 409 `last_admin`.',
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
    description: "The member's API keys, open invitations, share links and open runs end immediately. Threads, runs and projects are kept.",
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
