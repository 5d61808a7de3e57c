import { z } from 'zod';
import { secondFactorCode } from './secondFactor.ts';
import { emailMeta, Id, localeMeta, Ok, trimmedText } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

// The service checks the lengths of logins and passwords, in bytes of UTF-8. It returns one fixed message for all password rules.
const login = z.string().meta({
  pattern: '^[^@]+$',
  description: 'Trimmed and NFKC-normalized. 1 to 256 bytes in a single script; no `@`, control or format characters.',
});
const newPassword = z
  .string()
  .meta({ description: 'At least 8 code points and at most 256 bytes, with at least one letter and one digit.' });
const email = z
  .string()
  .meta({ ...emailMeta, description: 'An email address (RFC 5322 addr-spec) of 3 to 254 characters, each part in a single script.' });
const captchaToken = z.string().max(2048).nullish().meta({ description: 'Required if captchas are enabled.' });
const locale = z.string().trim().max(35).meta(localeMeta).nullish().meta({ description: 'BCP 47 language tag.' });

/** A login or an email address. */
const typedIdentity = trimmedText(256);

export const NewUser = z
  .strictObject({
    login,
    password: newPassword,
    email,
    invite_code: z
      .string()
      .max(200)
      .regex(/^\s*(?:\S\s*){0,64}$/, 'must have at most 64 characters besides white space')
      .nullish()
      .meta({ description: 'Required if the registration mode is `invite_only`. Case and white space are ignored.' }),
    locale,
    cf_turnstile_token: captchaToken,
  })
  .meta({ id: 'NewUser', description: 'The data for registering a user.' });
export type NewUser = z.infer<typeof NewUser>;

export const Credentials = z
  .strictObject({
    login: typedIdentity.meta({ description: 'Login or email address.' }),
    password: z.string().min(1).max(1024).meta({ description: 'The password of the user, 1 to 1,024 characters.' }),
    cf_turnstile_token: captchaToken,
  })
  .meta({ id: 'Credentials', description: 'A login or email address with its password, to sign in.' });
export type Credentials = z.infer<typeof Credentials>;

const grant = {
  access_token: z.string().meta({ description: 'JWT for the `Authorization: Bearer` header. Treat it as opaque.' }),
  token_type: z.literal('bearer').meta({ description: 'The authentication scheme of the token (RFC 6750).' }),
  expires_in: z.int().min(1).meta({ description: 'Seconds until the access token expires.' }),
};

export const AccessGrant = z
  .object(grant)
  .meta({ id: 'AccessGrant', description: 'A new access token. The refresh token is sent in an HttpOnly cookie.' });
export type AccessGrant = z.infer<typeof AccessGrant>;

export const Registration = z
  .object({
    user_id: Id.meta({ description: 'ID of the new user.' }),
    ...grant,
    warning: z.string().nullable().meta({
      description: 'What did not succeed, such as an unusable invite code or an email that was not sent; null if everything did.',
    }),
  })
  .meta({ id: 'Registration', description: 'The new user, signed in.' });
export type Registration = z.infer<typeof Registration>;

export const CaptchaConfig = z
  .object({
    enabled: z.boolean().meta({ description: 'Whether requests with `cf_turnstile_token` require a captcha.' }),
    site_key: z.string().meta({ description: 'Site key of Cloudflare Turnstile; `""` if captchas are off.' }),
  })
  .meta({ id: 'CaptchaConfig', description: 'Whether captchas are required, and the key of the widget.' });
export const RegistrationMode = z
  .object({
    mode: z
      .enum(['open', 'invite_only', 'disabled'])
      .meta({ description: '`invite_only` requires an invite code; `disabled` rejects every registration.' }),
  })
  .meta({ id: 'RegistrationMode', description: 'Who can register.' });

const flowToken = z.string().meta({ description: 'From `POST /v1/auth/resolve`; valid for ten minutes.' });
const otp = z.string().meta({ description: 'The eight-digit code from the email.' });

export const LoginCheck = z
  .strictObject({ login: typedIdentity.meta({ description: 'Login or email address.' }) })
  .meta({ id: 'LoginCheck', description: 'The login or email address to look up.' });
export const LoginExists = z
  .object({ exists: z.boolean().meta({ description: 'True if a user has this login or email address, even if the user is suspended.' }) })
  .meta({ id: 'LoginExists', description: 'Whether a user has the login or email address.' });

export const Identity = z
  .strictObject({
    identity: typedIdentity.meta({ description: 'Login or email address. A value with `@` must be an email address.' }),
    cf_turnstile_token: captchaToken,
  })
  .meta({ id: 'Identity', description: 'A login or email address that a person has typed.' });
export type Identity = z.infer<typeof Identity>;

export const NextStep = z
  .object({
    next_step: z
      .enum(['password', 'register'])
      .meta({ id: 'SignInStep', description: 'What a person does next.' })
      .meta({ description: '`password` if a user has this login or email address, otherwise `register`.' }),
    flow_token: z.string().optional().meta({ description: 'Present only with `password`.' }),
    masked_email: z.string().optional().meta({ description: 'Present only if the user has an email address.' }),
    otp_available: z.boolean().meta({ description: 'Whether a sign-in code can be emailed.' }),
    invite_required: z.boolean().meta({ description: 'Whether registering requires an invite code. Always false with `password`.' }),
    prefill: z
      .object({
        login: z.string().optional().meta({ description: 'Present if the submitted value is a login.' }),
        email: z.string().optional().meta({ description: 'Present if the submitted value is an email address.' }),
      })
      .meta({ description: 'The submitted value, trimmed.' }),
  })
  .meta({ id: 'NextStep', description: 'What to ask the person for next: a password or code, or a registration.' });
export type NextStep = z.infer<typeof NextStep>;

export const FlowCodeRequest = z
  .strictObject({ flow_token: flowToken, cf_turnstile_token: captchaToken })
  .meta({ id: 'FlowCodeRequest', description: 'The flow token of the user to whom a code is emailed.' });
export type FlowCodeRequest = z.infer<typeof FlowCodeRequest>;

/** At the first verification of an address outside a session that was opened with a password, a passkey or an identity provider. */
const priorAccess = {
  password: z.string().min(1).max(1024).optional().meta({ description: 'The first verification ends nothing.' }),
  reset_access: z.boolean().optional().meta({ description: 'The first verification ends the password, sessions, API keys and shares.' }),
};
export const FlowCode = z
  .strictObject({ flow_token: flowToken, otp, ...priorAccess })
  .meta({ id: 'FlowCode', description: 'A flow token with the emailed code.' });
export type FlowCode = z.infer<typeof FlowCode>;

export const EmailCodeRequest = z
  .strictObject({ email, cf_turnstile_token: captchaToken })
  .meta({ id: 'EmailCodeRequest', description: 'The email address to which a code is sent.' });
export type EmailCodeRequest = z.infer<typeof EmailCodeRequest>;
export const EmailCode = z
  .strictObject({ email, otp, ...priorAccess })
  .meta({ id: 'EmailCode', description: 'An email address with the emailed code.' });
export type EmailCode = z.infer<typeof EmailCode>;

export const EmailConfirmation = z
  .strictObject({
    token: z.string().meta({ description: 'The `token` parameter of the link. Valid once, for one hour.' }),
    ...priorAccess,
    new_password: newPassword.optional(),
  })
  .meta({ id: 'EmailConfirmation', description: 'The token of a verification link.' });
export type EmailConfirmation = z.infer<typeof EmailConfirmation>;

export const SecondFactorAnswer = z
  .strictObject({
    challenge_token: z.string().max(100).meta({
      description: '`details.challenge_token` of the sign-in. Valid for ten minutes, one sign-in and five codes.',
    }),
    code: secondFactorCode.meta({ description: 'The current code of the authenticator app, or a recovery code. White space is ignored.' }),
  })
  .meta({ id: 'SecondFactorAnswer', description: 'A code that completes a sign-in.' });
export type SecondFactorAnswer = z.infer<typeof SecondFactorAnswer>;

export const LogoutRequest = z
  .strictObject({ all: z.boolean().default(false).meta({ description: 'End all sessions of the user.' }) })
  .meta({ id: 'LogoutRequest', description: 'Which sessions to end.' });

export const auth = initContract().router({
  captchaConfig: {
    method: 'GET',
    path: '/v1/auth/captcha-config',
    summary: 'Retrieve the captcha configuration',
    description:
      'Call this before you show a sign-in or registration form. If captchas are enabled, render Turnstile with `site_key` and send its token as `cf_turnstile_token`.',
    responses: { 200: CaptchaConfig },
    metadata: { auth: 'public' },
  },
  check: {
    method: 'POST',
    path: '/v1/auth/check',
    summary: 'Check whether a login or email address is taken',
    description:
      'Use this to validate a registration form while a person types. Suspended users count as taken. To choose between sign-in and registration, use `POST /v1/auth/resolve`.',
    body: LoginCheck,
    responses: { 200: LoginExists },
    metadata: { auth: 'public', rateLimit: 'lookup', audit: 'none' },
  },
  resolve: {
    method: 'POST',
    path: '/v1/auth/resolve',
    summary: 'Determine the next step for a login or email address: sign in or register',
    description:
      'The first step of a sign-in form with one field. With `password`, sign in with a password, or email a code with the flow token; with `register`, continue with a registration form.',
    body: Identity,
    responses: { 200: NextStep },
    metadata: { auth: 'public', rateLimit: 'lookup', audit: ['auth.resolve', 'user_login'] },
  },
  sendFlowCode: {
    method: 'POST',
    path: '/v1/auth/resolve/otp/send',
    summary: 'Email a sign-in code to the user of a flow token',
    description:
      'Use this after `POST /v1/auth/resolve`, if `otp_available` is true. The code has eight digits and is valid for ten minutes; a new code voids the previous one. Sign in with it at `POST /v1/auth/resolve/otp/verify`.',
    body: FlowCodeRequest,
    responses: { 204: null },
    metadata: { auth: 'public', rateLimit: 'otp', audit: ['user.login_otp_send', 'user'], extraErrors: [401, 409] },
  },
  verifyFlowCode: {
    method: 'POST',
    path: '/v1/auth/resolve/otp/verify',
    summary: 'Sign in with an emailed code and a flow token',
    description: 'Opens a session, like signing in with a password. Verifies the address, see `POST /v1/auth/email/verify/confirm`.',
    body: FlowCode,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rateLimit: 'otp', audit: ['user.login', 'user'], extraErrors: [401, 409] },
  },
  registrationMode: {
    method: 'GET',
    path: '/v1/auth/registration-mode',
    summary: 'Retrieve the registration mode',
    description: 'Call this before you show a registration form, to know whether to ask for an invite code.',
    responses: { 200: RegistrationMode },
    metadata: { auth: 'public' },
  },
  register: {
    method: 'POST',
    path: '/v1/auth/register',
    summary: 'Register a user with a personal account',
    description:
      'Creates the user with a personal account, its initial credits, a default project and an invite code, and opens a session. An email with a verification link follows if email is configured.',
    body: NewUser,
    responses: { 201: Registration },
    metadata: { auth: 'public', origin: true, rateLimit: 'registration', audit: ['user.register', 'user'], extraErrors: [409] },
  },
  login: {
    method: 'POST',
    path: '/v1/auth/login',
    summary: 'Sign in with a password',
    description:
      'Opens a session: the access token is in the body, the refresh token in a cookie. Call `POST /v1/auth/refresh` before the access token expires. ' +
      'If the user has a second factor, the response is 401 `second_factor_required`: continue at `POST /v1/auth/second-factor/verify`.',
    body: Credentials,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rateLimit: 'login', audit: ['user.login', 'user'], extraErrors: [401] },
  },
  refresh: {
    method: 'POST',
    path: '/v1/auth/refresh',
    summary: 'Exchange the session cookie for a new access token',
    description:
      'The refresh token rotates: each one can be used once. `X-Account-Id` switches the session to another account of the user. Call it on start and before the access token expires.',
    headers: z.object({ 'x-account-id': Id.optional() }),
    body: null,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, audit: ['user.refresh', 'user'], extraErrors: [400, 401, 404, 422] },
  },
  logout: {
    method: 'POST',
    path: '/v1/auth/logout',
    summary: 'Sign out of this session, or of all sessions',
    description: 'The access token and the refresh token are rejected from now on, and the cookie is cleared. API keys remain valid.',
    body: LogoutRequest,
    responses: { 200: Ok },
    metadata: { auth: 'user', account: 'optional', origin: true, idempotent: false, audit: ['user.logout', 'user'] },
  },
  sendVerification: {
    method: 'POST',
    path: '/v1/auth/email/verify/send',
    summary: 'Email yourself a verification link',
    description:
      'A new link voids the previous one. No email is sent if the address is already verified. The link leads to a page of your client, which sends its token to `POST /v1/auth/email/verify/confirm`.',
    body: null,
    responses: { 204: null },
    metadata: {
      auth: 'user',
      account: 'optional',
      rateLimit: 'mail',
      idempotent: false,
      audit: ['user.email_verify_send', 'user'],
      extraErrors: [409],
    },
  },
  confirmEmail: {
    method: 'POST',
    path: '/v1/auth/email/verify/confirm',
    summary: 'Verify an email address with the token of its link',
    description:
      'Outside a session that was opened with a password, a passkey or an identity provider, the first verification needs the `password`, or `reset_access`, ' +
      'because another person may have registered the address. With neither it is 409 `first_verification`, with `login` and `signed_up_at`, and the token stays valid.',
    body: EmailConfirmation,
    responses: { 200: Ok },
    metadata: { auth: 'public', origin: true, audit: ['user.email_verify', 'user'], extraErrors: [401, 409, 429] },
  },
  sendCode: {
    method: 'POST',
    path: '/v1/auth/email/otp/send',
    summary: 'Email a sign-in code',
    description:
      'The response is the same whether or not a user has the address. The code has eight digits and is valid for ten minutes. Sign in with it at `POST /v1/auth/email/otp/verify`.',
    body: EmailCodeRequest,
    responses: { 204: null },
    metadata: { auth: 'public', rateLimit: 'otp', minDurationMs: 150, audit: ['user.login_otp_send', 'user'] },
  },
  verifyCode: {
    method: 'POST',
    path: '/v1/auth/email/otp/verify',
    summary: 'Sign in with an emailed code',
    description: 'Opens a session, like signing in with a password. Verifies the address, see `POST /v1/auth/email/verify/confirm`.',
    body: EmailCode,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rateLimit: 'otp', audit: ['user.login', 'user'], extraErrors: [401, 409] },
  },
  verifySecondFactor: {
    method: 'POST',
    path: '/v1/auth/second-factor/verify',
    summary: 'Complete a sign-in with a code of an authenticator app',
    description:
      'If the user has a second factor, a sign-in with a password or an emailed code fails with 401 `second_factor_required` and `details.challenge_token`. ' +
      'Send the token with a code to open the session. Each code of the app works once.',
    body: SecondFactorAnswer,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rateLimit: 'login', audit: ['user.login', 'user'], extraErrors: [401] },
  },
} as const satisfies Resource);
