import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, name, oneOrMore, someField, Time } from './shared/fields.ts';
import { permissions } from './shared/permissions.ts';
import type { Resource } from './shared/route.ts';

/** The signed-in user as seen from the active account. */
export const Me = z
  .object({
    id: Id,
    username: z.string(),
    login: z.string().nullable(),
    email: z.string().nullable(),
    email_verified: z.boolean(),
    email_verification_required: z.boolean(),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    account_timezone: z.string().nullable(),
    locale: z.string().nullable(),
    created_at: Time,
    account_id: Id,
    account_name: z.string(),
    role: z.string(),
    permissions: z.array(z.enum(permissions as [(typeof permissions)[number]])),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

export const MeChanges = z
  .strictObject({
    username: NewName().optional(),
    timezone: z.string().trim().max(64).nullish().meta({ description: 'IANA time zone; null or empty clears.' }),
    locale: z.string().trim().max(35).nullish().meta({ description: 'BCP 47 tag; null or empty clears.' }),
  })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'MeChanges' });
export type MeChanges = z.infer<typeof MeChanges>;

export const Profile = z
  .object({ username: z.string(), timezone: z.string().nullable(), locale: z.string().nullable() })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;

function NewName() {
  return z.string().meta({ description: 'Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters.' });
}

/** The code with which a user invites others: registering with it links the new user to the inviter and rewards both. */
export const InviteCode = z
  .object({
    id: Id,
    user_id: Id,
    code: z.string().regex(/^[A-HJ-NP-Z2-9]{8}$/),
    max_uses: z.int().meta({ description: '0: unlimited.' }),
    use_count: z.int(),
    is_active: z.boolean(),
    created_at: Time,
  })
  .meta({ id: 'InviteCode' });
export type InviteCode = z.infer<typeof InviteCode>;

export const RedemptionRequest = z
  .strictObject({ code: name(64).meta({ description: 'In either case, with or without white space around it.' }) })
  .meta({ id: 'RedemptionRequest' });
export type RedemptionRequest = z.infer<typeof RedemptionRequest>;

/** What a redeemed code brought to the active account. */
export const Redemption = z
  .object({
    code: z.string(),
    type: z.enum(['credits', 'feature']),
    value: z.string().meta({ description: 'The number of credits, or the key of the feature flag that is on now.' }),
  })
  .meta({ id: 'Redemption' });
export type Redemption = z.infer<typeof Redemption>;

export const FeatureFlags = z.record(z.string(), z.boolean()).meta({ id: 'FeatureFlags' });
export type FeatureFlags = z.infer<typeof FeatureFlags>;

export const PasswordChange = z
  .strictObject({
    current_password: z
      .string()
      .nullish()
      .meta({ description: 'Needed, unless a mailed code opened the session within the last ten minutes.' }),
    new_password: z.string().meta({ description: 'At least 8 code points, at most 256 bytes, with a letter and a digit.' }),
  })
  .meta({ id: 'PasswordChange' });
export type PasswordChange = z.infer<typeof PasswordChange>;

/** The signed-in user. */
export const me = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/me',
    summary: 'Read your profile, role and permissions',
    responses: { 200: Me },
    metadata: { auth: 'user' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/me',
    summary: 'Change your name, time zone or language',
    body: MeChanges,
    responses: { 200: Profile },
    metadata: { auth: 'user', audit: ['user.update', 'user'] },
  },
  inviteCode: {
    method: 'GET',
    path: '/v1/me/invite-code',
    summary: 'Read your invite code',
    description: 'Makes one when you have none.',
    responses: { 200: InviteCode },
    metadata: { auth: 'user', makes: ['invite_code.create', 'invite_code'] },
  },
  resetInviteCode: {
    method: 'POST',
    path: '/v1/me/invite-code/reset',
    summary: 'Replace your invite code',
    description: 'Possible once your newest code is 24 hours old.',
    body: null,
    responses: { 200: InviteCode },
    metadata: { auth: 'user', audit: ['invite_code.reset', 'invite_code'], also: [429] },
  },
  redeem: {
    method: 'POST',
    path: '/v1/me/redeem',
    summary: 'Redeem a code for the active account',
    body: RedemptionRequest,
    responses: { 200: Redemption },
    metadata: { auth: 'user', rate: 'redeem', audit: ['redemption_code.redeem', 'redemption_code'] },
  },
  featureFlags: {
    method: 'GET',
    path: '/v1/me/feature-flags',
    summary: 'Read every feature flag as it stands for the active account',
    responses: { 200: FeatureFlags },
    metadata: { auth: 'user' },
  },
  changePassword: {
    method: 'POST',
    path: '/v1/me/password',
    summary: 'Change your password',
    description: 'Ends every other session; API keys stay.',
    body: PasswordChange,
    responses: { 204: null },
    metadata: { auth: 'user', rate: 'login', audit: ['user.password_change', 'user'] },
  },
} as const satisfies Resource);
