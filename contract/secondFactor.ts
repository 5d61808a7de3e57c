import { z } from 'zod';
import { Time } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

export const SecondFactor = z
  .object({
    enabled_at: Time.nullable().meta({ description: 'When the second factor was turned on; null if it is off.' }),
    recovery_codes_left: z.int().min(0).max(10).meta({ description: 'Number of recovery codes that have not been used.' }),
  })
  .meta({ id: 'SecondFactor', description: 'Whether signing in requires a code of an authenticator app (TOTP, RFC 6238).' });
export type SecondFactor = z.infer<typeof SecondFactor>;

const currentPassword = z.string().nullish().meta({
  description:
    'Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes.',
});

/** A code of the app, or a recovery code. */
export const secondFactorCode = z.string().min(1).max(64);

const provingCode = secondFactorCode.nullish().meta({
  description:
    'The current code of the app, or a recovery code. White space is ignored. Required, unless a passkey has opened or confirmed the session within the last ten minutes.',
});

export const SecondFactorStart = z
  .strictObject({ current_password: currentPassword })
  .meta({ id: 'SecondFactorStart', description: 'The password of the user who sets up a second factor.' });
export type SecondFactorStart = z.infer<typeof SecondFactorStart>;

export const SecondFactorSetup = z
  .object({
    secret: z
      .string()
      .meta({ description: 'The shared secret in Base32, for typing it into an authenticator app. Returned only in this response.' }),
    otpauth_uri: z.string().meta({
      description: 'The secret as an `otpauth://` URI, for a QR code or a link. Codes have six digits and change every 30 seconds.',
    }),
  })
  .meta({ id: 'SecondFactorSetup', description: 'What an authenticator app needs to generate codes.' });
export type SecondFactorSetup = z.infer<typeof SecondFactorSetup>;

export const SecondFactorConfirmation = z
  .strictObject({
    code: z.string().min(1).max(64).meta({ description: 'The current code of the app, six digits. White space is ignored.' }),
  })
  .meta({ id: 'SecondFactorConfirmation', description: 'A code that proves that the app has the secret.' });

export const SecondFactorCode = z
  .strictObject({
    code: provingCode,
  })
  .meta({ id: 'SecondFactorCode', description: 'A code that proves that the caller has the second factor.' });

export const SecondFactorRemoval = z
  .strictObject({
    current_password: currentPassword,
    code: provingCode,
  })
  .meta({ id: 'SecondFactorRemoval', description: 'The password and a code of the user who turns the second factor off.' });
export type SecondFactorRemoval = z.infer<typeof SecondFactorRemoval>;

export const NewRecoveryCodes = z
  .object({
    recovery_codes: z.array(z.string().regex(/^[A-HJ-NP-Z2-9]{4}(-[A-HJ-NP-Z2-9]{4}){3}$/)).meta({
      description: 'Ten codes, each of which replaces the app once. Returned only in this response. Case, spaces and hyphens are ignored.',
    }),
  })
  .meta({ id: 'NewRecoveryCodes', description: 'New recovery codes. Earlier ones are void.' });
export type NewRecoveryCodes = z.infer<typeof NewRecoveryCodes>;

const metadata = { auth: 'user', account: 'optional', rateLimit: 'login' } as const;

/** The second factor of the caller. */
export const secondFactor = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/me/second-factor',
    summary: 'Retrieve whether your second factor is on',
    description: 'Use this for a settings page, and to remind users who have few recovery codes left.',
    responses: { 200: SecondFactor },
    metadata: { auth: 'user', account: 'optional' },
  },
  setUp: {
    method: 'POST',
    path: '/v1/me/second-factor/setup',
    summary: 'Start setting up a second factor',
    description:
      'Returns a secret for an authenticator app. Nothing changes until `POST /v1/me/second-factor/confirm` receives a code of the app. A later call replaces the secret, and after an hour the setup ends. If the installation sends email, your address must be verified.',
    body: SecondFactorStart,
    responses: { 200: SecondFactorSetup },
    metadata: { ...metadata, audit: ['second_factor.setup', 'user'], extraErrors: [409] },
  },
  confirm: {
    method: 'POST',
    path: '/v1/me/second-factor/confirm',
    summary: 'Turn your second factor on',
    description:
      'From now on, every sign-in requires a code. Existing sessions and API keys remain valid. Store the recovery codes: they are the way in without the app.',
    body: SecondFactorConfirmation,
    responses: { 200: NewRecoveryCodes },
    metadata: { ...metadata, audit: ['second_factor.enable', 'user'], extraErrors: [409] },
  },
  replaceRecoveryCodes: {
    method: 'POST',
    path: '/v1/me/second-factor/recovery-codes',
    summary: 'Replace your recovery codes',
    description: 'Use this when few codes are left, or when others may have seen them. The earlier codes are void.',
    body: SecondFactorCode,
    responses: { 200: NewRecoveryCodes },
    metadata: { ...metadata, audit: ['second_factor.recovery_codes', 'user'], extraErrors: [409] },
  },
  disable: {
    method: 'POST',
    path: '/v1/me/second-factor/disable',
    summary: 'Turn your second factor off',
    description: 'Requires your password and a code. The secret and the recovery codes are deleted.',
    body: SecondFactorRemoval,
    responses: { 204: null },
    metadata: { ...metadata, audit: ['second_factor.disable', 'user'], extraErrors: [409] },
  },
} as const satisfies Resource);
