import { z } from 'zod';
import { AccessGrant } from './auth.ts';
import { secondFactorCode } from './secondFactor.ts';
import { Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const Passkey = z
  .object({
    id: Id.meta({ description: 'ID of the passkey, for renaming and deleting it.' }),
    name: z.string().meta({ description: 'The name that you gave it.' }),
    backup_eligible: z
      .boolean()
      .meta({ description: 'Whether its device can copy it to others, such as those of the same cloud account.' }),
    backed_up: z.boolean().meta({ description: 'Whether it was copied when it was last used. Losing its device then does not lose it.' }),
    created_at: Time.meta({ description: 'When it was registered.' }),
    last_used_at: Time.nullable().meta({ description: 'When it was last used; null if never.' }),
  })
  .meta({ id: 'Passkey', description: 'A key pair on a device or in a password manager, with which a user signs in (WebAuthn).' });
export type Passkey = z.infer<typeof Passkey>;

const base64url = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url without padding');

/** The parts of both responses of a browser. Other properties are accepted and ignored: browsers add new ones. */
const credential = {
  // At most 1,023 bytes (WebAuthn Level 3, section 6.5.1).
  id: base64url(1_364).meta({ description: 'ID of the credential.' }),
  rawId: base64url(1_364).meta({ description: 'The same as `id`.' }),
  type: z.literal('public-key').meta({ description: 'Kind of the credential.' }),
};
const clientDataJSON = base64url(8_192).meta({ description: 'What the browser signed: challenge, origin and type.' });

export const PasskeyAttestation = z
  .looseObject({
    ...credential,
    response: z
      .looseObject({
        clientDataJSON,
        attestationObject: base64url(32_768).meta({ description: 'The public key with the data of the authenticator.' }),
        transports: z
          .array(z.string().max(32))
          .max(16)
          .optional()
          .meta({ description: 'How the browser reaches the authenticator, such as `internal` or `usb`.' }),
      })
      .meta({ id: 'PasskeyAttestationResponse', description: 'The response of the authenticator that made the passkey.' })
      .meta({ description: 'What the authenticator returned.' }),
  })
  .meta({
    id: 'PasskeyAttestation',
    description: 'A `RegistrationResponseJSON` of WebAuthn: `toJSON()` of the result of `navigator.credentials.create()`.',
  });
export type PasskeyAttestation = z.infer<typeof PasskeyAttestation>;

export const PasskeyAssertion = z
  .looseObject({
    ...credential,
    response: z
      .looseObject({
        clientDataJSON,
        authenticatorData: base64url(8_192).meta({ description: 'Relying party, flags and counter.' }),
        signature: base64url(8_192).meta({ description: 'The signature of the passkey.' }),
        userHandle: base64url(128).nullish().meta({ description: 'The user to whom the passkey belongs.' }),
      })
      .meta({ id: 'PasskeyAssertionResponse', description: 'The response of the authenticator that has the passkey.' })
      .meta({ description: 'What the authenticator returned.' }),
  })
  .meta({
    id: 'PasskeyAssertion',
    description: 'An `AuthenticationResponseJSON` of WebAuthn: `toJSON()` of the result of `navigator.credentials.get()`.',
  });
export type PasskeyAssertion = z.infer<typeof PasskeyAssertion>;

export const PasskeyOptions = z
  .object({
    public_key: z.record(z.string(), z.unknown()).meta({
      description:
        'For `PublicKeyCredential.parseCreationOptionsFromJSON()` when registering, otherwise for `parseRequestOptionsFromJSON()`. The result is `publicKey` of `navigator.credentials.create()` or `get()`.',
    }),
    expires_in: z.int().min(1).meta({ description: 'Seconds until the challenge in `public_key` expires. It can be used once.' }),
  })
  .meta({ id: 'PasskeyOptions', description: 'What a browser needs to make or use a passkey.' });
export type PasskeyOptions = z.infer<typeof PasskeyOptions>;

export const PasskeyRegistrationStart = z
  .strictObject({
    current_password: z.string().nullish().meta({
      description:
        'Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes.',
    }),
    code: secondFactorCode.nullish().meta({
      description:
        'Required if your second factor is on, unless a passkey has opened or confirmed the session within the last ten minutes.',
    }),
  })
  .meta({ id: 'PasskeyRegistrationStart', description: 'The proof that the user who registers a passkey is present.' });
export type PasskeyRegistrationStart = z.infer<typeof PasskeyRegistrationStart>;

const name = trimmedText(100).meta({ description: 'A name by which you recognize it, 1 to 100 characters.' });

export const NewPasskey = z
  .strictObject({ name, credential: PasskeyAttestation.meta({ description: 'What `navigator.credentials.create()` returned.' }) })
  .meta({ id: 'NewPasskey', description: 'A passkey that a browser has made.' });
export type NewPasskey = z.infer<typeof NewPasskey>;

export const PasskeyChanges = z.strictObject({ name }).meta({ id: 'PasskeyChanges', description: 'The new name of a passkey.' });
export type PasskeyChanges = z.infer<typeof PasskeyChanges>;

export const PasskeyProof = z
  .strictObject({ credential: PasskeyAssertion.meta({ description: 'What `navigator.credentials.get()` returned.' }) })
  .meta({ id: 'PasskeyProof', description: 'The proof that the user has a passkey.' });
export type PasskeyProof = z.infer<typeof PasskeyProof>;

export const PasskeySignIn = z
  .strictObject({
    challenge_token: z.string().min(1).max(100).nullish().meta({
      description:
        '`details.challenge_token` of a sign-in that needs a second factor, to complete it with a passkey. Without it, any passkey signs its user in.',
    }),
  })
  .meta({ id: 'PasskeySignIn', description: 'What the passkey is used for: a sign-in, or the second factor of one.' });
export type PasskeySignIn = z.infer<typeof PasskeySignIn>;

const own = { auth: 'user', account: 'optional' } as const;

/** The passkeys of the caller, and what they are used for. */
export const passkeys = initContract().router({
  signInOptions: {
    method: 'POST',
    path: '/v1/auth/passkey/options',
    summary: 'Start a sign-in with a passkey',
    description:
      'Returns the options for `navigator.credentials.get()`. Send its result to `POST /v1/auth/passkey/verify` within five minutes. No login is needed: the browser offers the passkeys of this site.',
    body: PasskeySignIn,
    responses: { 200: PasskeyOptions },
    metadata: { auth: 'public', origin: true, rateLimit: 'login', audit: 'none', extraErrors: [401, 409] },
  },
  signIn: {
    method: 'POST',
    path: '/v1/auth/passkey/verify',
    summary: 'Sign in with a passkey',
    description:
      'Opens a session, like signing in with a password. The device has verified its user, so no second factor is asked for. Also completes a sign-in that failed with `second_factor_required`, if its options were requested with the `challenge_token`.',
    body: PasskeyProof,
    responses: { 200: AccessGrant },
    metadata: { auth: 'public', origin: true, rateLimit: 'login', audit: ['user.login', 'user'], extraErrors: [401] },
  },
  list: {
    method: 'GET',
    path: '/v1/me/passkeys',
    summary: 'List your passkeys, newest first',
    description: 'Use this for a settings page. The keys themselves are not returned.',
    query: pageQuery(),
    responses: { 200: z.array(Passkey) },
    metadata: { ...own, pages: 'cursor' },
  },
  registrationOptions: {
    method: 'POST',
    path: '/v1/me/passkeys/options',
    summary: 'Start registering a passkey',
    description:
      'Returns the options for `navigator.credentials.create()`. Send its result to `POST /v1/me/passkeys` in the same session within five minutes. If the installation sends email, your address must be verified.',
    body: PasskeyRegistrationStart,
    responses: { 200: PasskeyOptions },
    metadata: { ...own, rateLimit: 'login', idempotent: false, audit: ['passkey.register_start', 'user'], extraErrors: [409] },
  },
  register: {
    method: 'POST',
    path: '/v1/me/passkeys',
    summary: 'Register a passkey',
    description:
      'From now on the passkey signs you in. A user has at most 20. The authenticator must verify its user, with a PIN or a fingerprint.',
    body: NewPasskey,
    responses: { 201: Passkey },
    metadata: { ...own, idempotent: false, audit: ['passkey.register', 'passkey'], extraErrors: [409] },
  },
  rename: {
    method: 'PATCH',
    path: '/v1/me/passkeys/{passkey_id}',
    summary: 'Rename a passkey',
    description: 'The name is shown only to you. The name in a password manager stays as it is.',
    body: PasskeyChanges,
    responses: { 200: Passkey },
    metadata: { ...own, audit: ['passkey.update', 'passkey'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/me/passkeys/{passkey_id}',
    summary: 'Delete a passkey',
    description:
      'It no longer signs you in; sessions that it opened continue. The last way to sign in cannot be deleted: 409 `last_sign_in_method`. Delete it on its device too.',
    body: null,
    responses: { 204: null },
    metadata: { ...own, audit: ['passkey.delete', 'passkey'], extraErrors: [409] },
  },
  confirmationOptions: {
    method: 'POST',
    path: '/v1/me/confirmation/options',
    summary: 'Start confirming a session with a passkey',
    description:
      'Returns the options for `navigator.credentials.get()`. Send its result to `POST /v1/me/confirmation` within five minutes.',
    body: null,
    responses: { 200: PasskeyOptions },
    metadata: { ...own, idempotent: false, audit: 'none', extraErrors: [409] },
  },
  confirm: {
    method: 'POST',
    path: '/v1/me/confirmation',
    summary: 'Confirm a session with a passkey',
    description:
      'For ten minutes, operations of this session that require your password or a code of your second factor need neither. It also counts as the second factor of the session, for accounts that require one.',
    body: PasskeyProof,
    responses: { 204: null },
    metadata: { ...own, rateLimit: 'login', idempotent: false, audit: ['session.confirm', 'session'] },
  },
} as const satisfies Resource);
