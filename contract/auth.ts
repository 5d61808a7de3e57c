import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Ok } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

// Lengths of logins and passwords are bytes of UTF-8 and checked by the service (identity 2.3), which has one fixed message for all password rules.
const login = z.string().meta({
  description: 'Trimmed and normalised (NFKC); 1 to 256 bytes in one script; no `@`, no control or format characters.',
});
const newPassword = z.string().meta({ description: 'At least 8 code points, at most 256 bytes, with a letter and a digit.' });
const email = z.string().meta({ description: 'One address (RFC 5322 addr-spec) of 3 to 254 characters, each part in one script.' });
const captchaToken = z.string().max(2048).nullish().meta({ description: 'Required when captcha is on.' });
const locale = z.string().trim().max(35).nullish().meta({ description: 'A BCP 47 tag.' });

export const NewUser = z
  .strictObject({
    login,
    password: newPassword,
    email,
    invite_code: z
      .string()
      .max(200)
      .regex(/^\s*(?:\S\s*){0,64}$/, 'must have at most 64 characters besides white space')
      .nullish(),
    locale,
    cf_turnstile_token: captchaToken,
  })
  .meta({ id: 'NewUser' });
export type NewUser = z.infer<typeof NewUser>;

export const Credentials = z
  .strictObject({ login: z.string(), password: z.string(), cf_turnstile_token: captchaToken })
  .meta({ id: 'Credentials' });
export type Credentials = z.infer<typeof Credentials>;

const grant = {
  access_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.int().min(1).meta({ description: 'Seconds until the access token expires.' }),
};

/** A fresh access token; the refresh token travels in an HttpOnly cookie. */
export const AccessGrant = z.object(grant).meta({ id: 'AccessGrant' });
export type AccessGrant = z.infer<typeof AccessGrant>;

export const Registration = z.object({ user_id: Id, ...grant, warning: z.string().nullable() }).meta({ id: 'Registration' });
export type Registration = z.infer<typeof Registration>;

export const CaptchaConfig = z.object({ enabled: z.boolean(), site_key: z.string() }).meta({ id: 'CaptchaConfig' });
export const RegistrationMode = z.object({ mode: z.enum(['open', 'invite_only', 'disabled']) }).meta({ id: 'RegistrationMode' });

const flowToken = z.string().meta({ description: 'From `POST /v1/auth/resolve`; it lasts ten minutes.' });
const otp = z.string().meta({ description: 'The eight digits that were mailed.' });

export const LoginCheck = z.strictObject({ login: z.string() }).meta({ id: 'LoginCheck' });
export const LoginExists = z.object({ exists: z.boolean() }).meta({ id: 'LoginExists' });

export const Identity = z.strictObject({ identity: z.string(), cf_turnstile_token: captchaToken }).meta({ id: 'Identity' });
export type Identity = z.infer<typeof Identity>;

/** The one way to go on for an identity. */
export const NextStep = z
  .object({
    next_step: z
      .enum(['password', 'register'])
      .meta({ description: '`password`: a user has this login or address; `register`: nobody has.' }),
    flow_token: z.string().optional().meta({ description: 'Only with `password`.' }),
    masked_email: z.string().optional().meta({ description: 'Only when the user has an address.' }),
    otp_available: z.boolean().meta({ description: 'Whether a code can be mailed.' }),
    invite_required: z.boolean(),
    prefill: z.object({ login: z.string().optional(), email: z.string().optional() }).meta({ description: 'What was typed, trimmed.' }),
  })
  .meta({ id: 'NextStep' });
export type NextStep = z.infer<typeof NextStep>;

export const FlowCodeRequest = z.strictObject({ flow_token: flowToken, cf_turnstile_token: captchaToken }).meta({ id: 'FlowCodeRequest' });
export type FlowCodeRequest = z.infer<typeof FlowCodeRequest>;
export const FlowCode = z.strictObject({ flow_token: flowToken, otp }).meta({ id: 'FlowCode' });
export type FlowCode = z.infer<typeof FlowCode>;

export const EmailCodeRequest = z.strictObject({ email, cf_turnstile_token: captchaToken }).meta({ id: 'EmailCodeRequest' });
export type EmailCodeRequest = z.infer<typeof EmailCodeRequest>;
export const EmailCode = z.strictObject({ email, otp }).meta({ id: 'EmailCode' });
export type EmailCode = z.infer<typeof EmailCode>;

export const EmailConfirmation = z.strictObject({ token: z.string() }).meta({ id: 'EmailConfirmation' });

export const LogoutRequest = z
  .strictObject({ all: z.boolean().default(false).meta({ description: 'End every session of the user.' }) })
  .meta({ id: 'LogoutRequest' });

/** Sign-up, sign-in and sessions. */
export const auth = initContract().router({
  captchaConfig: {
    method: 'GET',
    path: '/v1/auth/captcha-config',
    summary: 'Read whether sign-in asks for a captcha',
    responses: { 200: CaptchaConfig },
    metadata: { auth: 'public' },
  },
  check: {
    method: 'POST',
    path: '/v1/auth/check',
    summary: 'Tell whether a login or address is taken',
    body: LoginCheck,
    responses: { 200: LoginExists },
    metadata: { auth: 'public', rate: 'lookup', audit: 'none' },
  },
  resolve: {
    method: 'POST',
    path: '/v1/auth/resolve',
    summary: 'Find out how somebody goes on: sign in or register',
    body: Identity,
    responses: { 200: NextStep },
    metadata: { auth: 'public', rate: 'lookup', audit: ['auth.resolve', 'user_login'] },
  },
  sendFlowCode: {
    method: 'POST',
    path: '/v1/auth/resolve/otp/send',
    summary: 'Mail a sign-in code to the user of a flow token',
    body: FlowCodeRequest,
    responses: { 204: null },
    metadata: { auth: 'public', rate: 'otp', audit: ['user.login_otp_send', 'user'], also: [401, 409] },
  },
  verifyFlowCode: {
    method: 'POST',
    path: '/v1/auth/resolve/otp/verify',
    summary: 'Sign in by a mailed code and a flow token',
    description: 'Verifies the address. The first verification ends the password, every other session and every API key of the user.',
    body: FlowCode,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rate: 'otp', audit: ['user.login', 'user'], also: [401] },
  },
  registrationMode: {
    method: 'GET',
    path: '/v1/auth/registration-mode',
    summary: 'Read who may register',
    responses: { 200: RegistrationMode },
    metadata: { auth: 'public' },
  },
  register: {
    method: 'POST',
    path: '/v1/auth/register',
    summary: 'Create a user with a personal account',
    body: NewUser,
    responses: { 201: Registration },
    metadata: { auth: 'public', origin: true, rate: 'registration', audit: ['user.register', 'user'], also: [409] },
  },
  login: {
    method: 'POST',
    path: '/v1/auth/login',
    summary: 'Sign in by password',
    body: Credentials,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rate: 'login', audit: ['user.login', 'user'], also: [401] },
  },
  refresh: {
    method: 'POST',
    path: '/v1/auth/refresh',
    summary: 'Exchange the session cookie for a new access token',
    description: 'The refresh token rotates: each works once. `X-Account-Id` switches the session to another account of the user.',
    headers: z.object({ 'x-account-id': Id.optional() }),
    body: null,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, audit: ['user.refresh', 'user'], also: [400, 401, 404, 422] },
  },
  logout: {
    method: 'POST',
    path: '/v1/auth/logout',
    summary: 'End this session, or all of them',
    body: LogoutRequest,
    responses: { 200: Ok },
    metadata: { auth: 'user', account: 'optional', origin: true, idempotent: false, audit: ['user.logout', 'user'] },
  },
  sendVerification: {
    method: 'POST',
    path: '/v1/auth/email/verify/send',
    summary: 'Mail yourself a link that verifies your address',
    description: 'A new link voids the one before. Nothing is sent when the address is verified already.',
    body: null,
    responses: { 204: null },
    metadata: {
      auth: 'user',
      account: 'optional',
      rate: 'mail',
      idempotent: false,
      audit: ['user.email_verify_send', 'user'],
      also: [409],
    },
  },
  confirmEmail: {
    method: 'POST',
    path: '/v1/auth/email/verify/confirm',
    summary: 'Verify an address by the token of its link',
    description:
      'Send it in the session in which you registered or signed in by password: with its cookie or its access token. The first verification of an ' +
      'address outside such a session ends the password, every other session and every API key of the user, because somebody else may have ' +
      'registered the address.',
    body: EmailConfirmation,
    responses: { 200: Ok },
    metadata: { auth: 'public', origin: true, audit: ['user.email_verify', 'user'], also: [401] },
  },
  sendCode: {
    method: 'POST',
    path: '/v1/auth/email/otp/send',
    summary: 'Mail a sign-in code',
    description: 'The answer is the same whether or not somebody has the address.',
    body: EmailCodeRequest,
    responses: { 204: null },
    metadata: { auth: 'public', rate: 'otp', atLeastMs: 150, audit: ['user.login_otp_send', 'user'] },
  },
  verifyCode: {
    method: 'POST',
    path: '/v1/auth/email/otp/verify',
    summary: 'Sign in by a mailed code',
    description: 'Verifies the address. The first verification ends the password, every other session and every API key of the user.',
    body: EmailCode,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rate: 'otp', audit: ['user.login', 'user'], also: [401] },
  },
} as const satisfies Resource);
