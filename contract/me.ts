import { z } from 'zod';
import { RedemptionType } from './redemptionCodes.ts';
import { changes, Id, localeMeta, Time, timeZoneMeta, trimmedText } from './shared/fields.ts';
import { permissions } from './shared/permissions.ts';
import { initContract, type Resource } from './shared/route.ts';

export const Me = z
  .object({
    id: Id.meta({ description: 'ID of the user.' }),
    username: z.string().meta({ description: 'Display name. Initially the login; not unique.' }),
    login: z.string().nullable().meta({ description: 'Name for signing in. It cannot be changed.' }),
    email: z.string().nullable().meta({ description: 'Email address; null if the user has none.' }),
    email_verified: z.boolean().meta({ description: 'Whether the user has proved that the email address is theirs.' }),
    email_verification_required: z.boolean().meta({ description: 'Whether signing in with a password requires a verified email address.' }),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    account_timezone: z.string().nullable().meta({ description: 'IANA time zone of the active account.' }),
    locale: z.string().nullable().meta({ description: 'BCP 47 language tag, such as `en` or `zh-CN`. The language of emails.' }),
    created_at: Time.meta({ description: 'When the user registered.' }),
    account_id: Id.meta({ description: 'The active account.' }),
    account_name: z.string().meta({ description: 'Name of the active account.' }),
    role: z.string().meta({ description: 'Role in the active account: `admin`, `member` or `platform_admin`.' }),
    permissions: z
      .array(z.enum(permissions as [(typeof permissions)[number]]).meta({ id: 'Permission', description: 'Name of a permission.' }))
      .meta({ description: 'Permissions in the active account, sorted.' }),
    second_factor_missing: z.boolean().meta({
      description:
        'Whether the active account or the platform requires a second factor that this session does not have. Most operations then fail with 403 `second_factor_missing`.',
    }),
  })
  .meta({ id: 'Me', description: 'The signed-in user, with their role and permissions in the active account.' });
export type Me = z.infer<typeof Me>;

export const MeChanges = changes({
  username: usernameField().optional(),
  timezone: z.string().trim().max(64).meta(timeZoneMeta).nullish().meta({ description: 'IANA time zone; null or empty clears it.' }),
  locale: z.string().trim().max(35).meta(localeMeta).nullish().meta({ description: 'BCP 47 language tag; null or empty clears it.' }),
}).meta({ id: 'MeChanges', description: 'The fields of the profile to change. At least one is required.' });
export type MeChanges = z.infer<typeof MeChanges>;

export const Profile = z
  .object({
    username: z.string().meta({ description: 'Display name.' }),
    timezone: z.string().nullable().meta({ description: 'IANA time zone.' }),
    locale: z.string().nullable().meta({ description: 'BCP 47 language tag.' }),
  })
  .meta({ id: 'Profile', description: 'The fields of a user that they can change.' });
export type Profile = z.infer<typeof Profile>;

function usernameField() {
  return z
    .string()
    .meta({ pattern: '^[^@]+$', description: 'Trimmed and NFKC-normalized. 1 to 256 bytes; no `@`, control or format characters.' });
}

export const InviteCode = z
  .object({
    id: Id.meta({ description: 'ID of the invite code.' }),
    user_id: Id.meta({ description: 'The inviter, who owns the code.' }),
    code: z
      .string()
      .regex(/^[A-HJ-NP-Z2-9]{8}$/)
      .meta({ description: 'Eight letters and digits, without I, O, 0 and 1. Case is ignored on registration.' }),
    max_uses: z.int().meta({ description: 'Maximum number of registrations; 0 means unlimited.' }),
    use_count: z.int().meta({ description: 'Registrations with this code so far.' }),
    is_active: z.boolean().meta({ description: 'Whether the code can be used. A user has at most one active code.' }),
    created_at: Time.meta({ description: 'When the code was created.' }),
  })
  .meta({ id: 'InviteCode', description: "A user's invite code. Registering with it links the new user to the inviter and rewards both." });
export type InviteCode = z.infer<typeof InviteCode>;

export const RedemptionRequest = z
  .strictObject({ code: trimmedText(64).meta({ description: 'Case and surrounding white space are ignored.' }) })
  .meta({ id: 'RedemptionRequest', description: 'The code to redeem.' });
export type RedemptionRequest = z.infer<typeof RedemptionRequest>;

export const Redemption = z
  .object({
    code: z.string().meta({ description: 'The redeemed code in its stored form, in upper case.' }),
    type: RedemptionType.meta({ description: 'Whether the account received credits or a feature.' }),
    value: z.string().meta({ description: 'The number of credits, or the key of the feature flag that was enabled.' }),
  })
  .meta({ id: 'Redemption', description: 'What a redeemed code has given the account.' });
export type Redemption = z.infer<typeof Redemption>;

export const FeatureFlags = z
  .record(z.string(), z.boolean())
  .meta({ id: 'FeatureFlags', description: 'The value of each feature flag by key.' });
export type FeatureFlags = z.infer<typeof FeatureFlags>;

export const PasswordChange = z
  .strictObject({
    current_password: z.string().nullish().meta({
      description:
        'Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes.',
    }),
    new_password: z.string().meta({ description: 'At least 8 code points and at most 256 bytes, with at least one letter and one digit.' }),
  })
  .meta({ id: 'PasswordChange', description: 'The current and the new password.' });
export type PasswordChange = z.infer<typeof PasswordChange>;

export const me = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/me',
    summary: 'Retrieve your profile, role and permissions',
    description:
      'Use this after sign-in, and after switching accounts, to show the user and to decide which controls their permissions allow.',
    responses: { 200: Me },
    metadata: { auth: 'user', secondFactor: 'optional' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/me',
    summary: 'Update your name, time zone or language',
    description: 'Omitted fields keep their values. The login, email address and password cannot be changed here.',
    body: MeChanges,
    responses: { 200: Profile },
    metadata: { auth: 'user', audit: ['user.update', 'user'] },
  },
  inviteCode: {
    method: 'GET',
    path: '/v1/me/invite-code',
    summary: 'Retrieve your invite code',
    description:
      'Show the code to the user so that others can register with it: both receive credits. Creates a code if you have no active one.',
    responses: { 200: InviteCode },
    metadata: { auth: 'user', auditOnRead: ['invite_code.create', 'invite_code'] },
  },
  resetInviteCode: {
    method: 'POST',
    path: '/v1/me/invite-code/reset',
    summary: 'Replace your invite code',
    description:
      'Use this if the code has reached people who should not have it. Registering with the previous code is no longer possible. Allowed once your newest code is 24 hours old.',
    body: null,
    responses: { 200: InviteCode },
    metadata: { auth: 'user', audit: ['invite_code.reset', 'invite_code'], extraErrors: [429] },
  },
  redeem: {
    method: 'POST',
    path: '/v1/me/redeem',
    summary: 'Redeem a code for the active account',
    description:
      'Credits are added to the balance of the active account; a feature is switched on for it. Each user can redeem a code once.',
    body: RedemptionRequest,
    responses: { 200: Redemption },
    metadata: { auth: 'user', rateLimit: 'redeem', audit: ['redemption_code.redeem', 'redemption_code'] },
  },
  featureFlags: {
    method: 'GET',
    path: '/v1/me/feature-flags',
    summary: 'Retrieve the value of every feature flag for the active account',
    description: 'Evaluates the account override of each flag, or else its default. Use it to show or hide features of a client.',
    responses: { 200: FeatureFlags },
    metadata: { auth: 'user', secondFactor: 'optional' },
  },
  changePassword: {
    method: 'POST',
    path: '/v1/me/password',
    summary: 'Change your password',
    description:
      'Ends all your other sessions. API keys remain valid. Use it also to set a password after signing in with an emailed code or an identity provider.',
    body: PasswordChange,
    responses: { 204: null },
    metadata: { auth: 'user', secondFactor: 'optional', rateLimit: 'login', audit: ['user.password_change', 'user'] },
  },
} as const satisfies Resource);
