import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { changes, Id, localeMeta, Time, timeZoneMeta, trimmedText } from './shared/fields.ts';
import { permissions } from './shared/permissions.ts';
import type { Resource } from './shared/route.ts';

/** The signed-in user, with their role and permissions in the active account. */
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

export const MeChanges = changes({
  username: usernameField().optional(),
  timezone: z.string().trim().max(64).meta(timeZoneMeta).nullish().meta({ description: 'IANA time zone; null or empty clears it.' }),
  locale: z.string().trim().max(35).meta(localeMeta).nullish().meta({ description: 'BCP 47 language tag; null or empty clears it.' }),
}).meta({ id: 'MeChanges' });
export type MeChanges = z.infer<typeof MeChanges>;

export const Profile = z
  .object({ username: z.string(), timezone: z.string().nullable(), locale: z.string().nullable() })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;

function usernameField() {
  return z
    .string()
    .meta({ pattern: '^[^@]+$', description: 'Trimmed and NFKC-normalized. 1 to 256 bytes; no `@`, control or format characters.' });
}

/** A user's invite code. Registering with it links the new user to the inviter and rewards both. */
export const InviteCode = z
  .object({
    id: Id,
    user_id: Id,
    code: z.string().regex(/^[A-HJ-NP-Z2-9]{8}$/),
    max_uses: z.int().meta({ description: '0 means unlimited.' }),
    use_count: z.int(),
    is_active: z.boolean(),
    created_at: Time,
  })
  .meta({ id: 'InviteCode' });
export type InviteCode = z.infer<typeof InviteCode>;

export const RedemptionRequest = z
  .strictObject({ code: trimmedText(64).meta({ description: 'Case and surrounding white space are ignored.' }) })
  .meta({ id: 'RedemptionRequest' });
export type RedemptionRequest = z.infer<typeof RedemptionRequest>;

export const Redemption = z
  .object({
    code: z.string(),
    type: z.enum(['credits', 'feature']),
    value: z.string().meta({ description: 'The number of credits, or the key of the feature flag that was enabled.' }),
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
      .meta({ description: 'Required, unless the session was opened with an emailed code within the last ten minutes.' }),
    new_password: z.string().meta({ description: 'At least 8 code points and at most 256 bytes, with at least one letter and one digit.' }),
  })
  .meta({ id: 'PasswordChange' });
export type PasswordChange = z.infer<typeof PasswordChange>;

export const me = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/me',
    summary: 'Retrieve your profile, role and permissions',
    responses: { 200: Me },
    metadata: { auth: 'user' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/me',
    summary: 'Update your name, time zone or language',
    body: MeChanges,
    responses: { 200: Profile },
    metadata: { auth: 'user', audit: ['user.update', 'user'] },
  },
  inviteCode: {
    method: 'GET',
    path: '/v1/me/invite-code',
    summary: 'Retrieve your invite code',
    description: 'Creates one if you have none.',
    responses: { 200: InviteCode },
    metadata: { auth: 'user', auditOnRead: ['invite_code.create', 'invite_code'] },
  },
  resetInviteCode: {
    method: 'POST',
    path: '/v1/me/invite-code/reset',
    summary: 'Replace your invite code',
    description: 'Allowed once your newest code is 24 hours old.',
    body: null,
    responses: { 200: InviteCode },
    metadata: { auth: 'user', audit: ['invite_code.reset', 'invite_code'], extraErrors: [429] },
  },
  redeem: {
    method: 'POST',
    path: '/v1/me/redeem',
    summary: 'Redeem a code for the active account',
    body: RedemptionRequest,
    responses: { 200: Redemption },
    metadata: { auth: 'user', rateLimit: 'redeem', audit: ['redemption_code.redeem', 'redemption_code'] },
  },
  featureFlags: {
    method: 'GET',
    path: '/v1/me/feature-flags',
    summary: 'Retrieve the value of every feature flag for the active account',
    responses: { 200: FeatureFlags },
    metadata: { auth: 'user' },
  },
  changePassword: {
    method: 'POST',
    path: '/v1/me/password',
    summary: 'Change your password',
    description: 'Ends all your other sessions. API keys remain valid.',
    body: PasswordChange,
    responses: { 204: null },
    metadata: { auth: 'user', rateLimit: 'login', audit: ['user.password_change', 'user'] },
  },
} as const satisfies Resource);
