import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Ok } from './shared/fields.ts';
import type { Resource } from './shared/route.ts';

// Lengths of logins and passwords are bytes of UTF-8 and checked by the service (identity 2.3), which has one fixed message for all password rules.
const login = z.string().meta({ description: 'Trimmed and normalised (NFKC); 1 to 256 bytes; no `@`, no control or format characters.' });
const newPassword = z.string().meta({ description: 'At least 8 code points, at most 256 bytes, with a letter and a digit.' });
const captchaToken = z.string().max(2048).nullish().meta({ description: 'Required when captcha is on.' });
const locale = z.string().trim().max(35).nullish().meta({ description: 'A BCP 47 tag.' });

export const NewUser = z
  .strictObject({
    login,
    password: newPassword,
    email: z.string().meta({ description: 'One address (RFC 5322 addr-spec) of 3 to 254 characters.' }),
    invite_code: z.string().max(200).nullish(),
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
} as const satisfies Resource);
