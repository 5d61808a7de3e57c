import { z } from 'zod';
import { AccessGrant } from './auth.ts';
import { Id, Time } from './shared/fields.ts';
import { initContract, type Resource } from './shared/route.ts';

export const SignInProvider = z
  .object({
    id: Id.meta({ description: 'ID of the provider.' }),
    name: z.string().meta({ description: 'Name for the button.' }),
  })
  .meta({ id: 'SignInProvider', description: 'A provider on the sign-in page.' });
export type SignInProvider = z.infer<typeof SignInProvider>;

// One leading slash, and no backslash: browsers read `//host` and `/\host` as another site.
const returnTo = z
  .string()
  .max(1000)
  .regex(/^\/([^/\\\u0000-\u0020\u007f][^\\\u0000-\u0020\u007f]*)?$/, 'must be a path of the front end')
  .nullish()
  .meta({ description: 'Path of the front end to show afterwards, such as `/t/1?x=2`. Returned by the completion.' });

export const ProviderSignInRequest = z
  .strictObject({
    return_to: returnTo,
    invite_code: z
      .string()
      .max(200)
      .nullish()
      .meta({ description: 'Needed if the person is to be registered and the registration mode is `invite_only`.' }),
  })
  .meta({ id: 'ProviderSignInRequest', description: 'Where to continue after the sign-in.' });
export type ProviderSignInRequest = z.infer<typeof ProviderSignInRequest>;

export const ProviderRedirect = z
  .object({
    authorization_url: z.string().meta({ description: 'The page of the provider, to be opened in the same browser.' }),
    expires_at: Time.meta({ description: 'Until when the answer of the provider is accepted.' }),
  })
  .meta({ id: 'ProviderRedirect', description: 'Where to send the browser.' });
export type ProviderRedirect = z.infer<typeof ProviderRedirect>;

export const ProviderAnswer = z
  .strictObject({
    state: z.string().min(1).max(200).meta({ description: 'Parameter `state` of the callback address.' }),
    code: z.string().min(1).max(8192).meta({ description: 'Parameter `code` of the callback address.' }),
    iss: z.string().min(1).max(2048).optional().meta({ description: 'Parameter `iss` of the callback address, if it has one (RFC 9207).' }),
  })
  .meta({ id: 'ProviderAnswer', description: 'The answer of the provider: the query parameters of the callback address.' });
export type ProviderAnswer = z.infer<typeof ProviderAnswer>;

export const ProviderGrant = AccessGrant.extend({
  return_to: z.string().nullable().meta({ description: '`return_to` of the start.' }),
}).meta({ id: 'ProviderGrant', description: 'A new access token. The refresh token is sent in an HttpOnly cookie.' });
export type ProviderGrant = z.infer<typeof ProviderGrant>;

export const LinkedIdentity = z
  .object({
    id: Id.meta({ description: 'ID of the linked identity.' }),
    issuer: z.string().meta({ description: 'Issuer of the identity.' }),
    provider_name: z
      .string()
      .nullable()
      .meta({ description: 'Name of its provider; null if the provider was deleted or has another issuer.' }),
    usable: z.boolean().meta({ description: 'Whether the provider is enabled.' }),
    email: z.string().nullable().meta({ description: 'Address that the provider gave last; null if it gave none.' }),
    created_at: Time.meta({ description: 'When the identity was linked.' }),
    last_used_at: Time.nullable().meta({ description: 'When the user last signed in with it; null if never.' }),
  })
  .meta({ id: 'LinkedIdentity', description: 'An identity at a provider with which the user can sign in.' });
export type LinkedIdentity = z.infer<typeof LinkedIdentity>;

export const IdentityLinkStart = z
  .strictObject({
    identity_provider_id: Id.meta({ description: 'The provider of the identity.' }),
    current_password: z.string().nullish().meta({
      description:
        'Required, unless an emailed code, an identity provider or a passkey has opened the session, or a passkey has confirmed it, within the last ten minutes.',
    }),
  })
  .meta({ id: 'IdentityLinkStart', description: 'The provider of the identity to link, and the password of the user.' });
export type IdentityLinkStart = z.infer<typeof IdentityLinkStart>;

export const IdentityLinkToken = z
  .strictObject({
    link_token: z.string().min(1).max(100).meta({ description: '`details.link_token` of the sign-in. Valid once, for ten minutes.' }),
  })
  .meta({ id: 'IdentityLinkToken', description: 'An identity whose first sign-in found an existing user.' });

/** Sign-in with an identity provider. */
export const providerSignIn = initContract().router({
  providers: {
    method: 'GET',
    path: '/v1/auth/identity-providers',
    summary: 'List the identity providers of the sign-in page',
    description: 'Call this before you show a sign-in page, and show a button for each. Sorted by name; at most 100.',
    responses: { 200: z.array(SignInProvider) },
    metadata: { auth: 'public' },
  },
  start: {
    method: 'POST',
    path: '/v1/auth/identity-providers/{identity_provider_id}/start',
    summary: 'Start signing in with an identity provider',
    description:
      'Sets a cookie that binds the sign-in to the browser, and returns the page of the provider to open. The provider then redirects to `/oauth/sign-in/{identity_provider_id}` of the front end, which completes the sign-in within ten minutes.',
    body: ProviderSignInRequest,
    responses: { 200: ProviderRedirect },
    metadata: { auth: 'public', origin: true, rateLimit: 'login', audit: 'none', extraErrors: [502] },
  },
  complete: {
    method: 'POST',
    path: '/v1/auth/identity-providers/{identity_provider_id}/complete',
    summary: 'Complete signing in with an identity provider',
    description:
      'Opens a session, like signing in with a password. Only the browser that started the sign-in can complete it, once. A second factor is asked for as after a password. ' +
      'If nobody has linked the identity, but a user has its verified address, the response is 401 `identity_link_required`: that user signs in in another way and sends `details.link_token` to `POST /v1/me/identities/confirm`.',
    body: ProviderAnswer,
    responses: { 200: ProviderGrant },
    metadata: {
      auth: 'public',
      origin: true,
      rateLimit: 'registration',
      audit: ['user.login', 'user'],
      extraErrors: [401, 403, 409, 502],
    },
  },
} as const satisfies Resource);

const metadata = { auth: 'user', account: 'optional', idempotent: false } as const;

/** The linked identities of the caller. */
export const identities = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/me/identities',
    summary: 'List your linked identities',
    description: 'The identities at providers with which you can sign in, oldest first; at most 20.',
    responses: { 200: z.array(LinkedIdentity) },
    metadata: { auth: 'user', account: 'optional' },
  },
  start: {
    method: 'POST',
    path: '/v1/me/identities/start',
    summary: 'Start linking an identity',
    description:
      'Returns the page of the provider to open. The provider redirects to `/oauth/sign-in/{identity_provider_id}` of the front end, which completes the link within ten minutes.',
    body: IdentityLinkStart,
    responses: { 200: ProviderRedirect },
    metadata: { ...metadata, rateLimit: 'login', audit: ['identity.link_start', 'user'], extraErrors: [404, 502] },
  },
  complete: {
    method: 'POST',
    path: '/v1/me/identities/complete',
    summary: 'Complete linking an identity',
    description:
      'Only the session that started the link can complete it, once. From now on you can sign in with the identity. At most 20 identities per user.',
    body: ProviderAnswer,
    responses: { 201: LinkedIdentity },
    metadata: { ...metadata, audit: ['identity.link', 'identity'], extraErrors: [401, 403, 409, 502] },
  },
  confirm: {
    method: 'POST',
    path: '/v1/me/identities/confirm',
    summary: 'Link an identity after signing in another way',
    description:
      'For a sign-in that failed with 401 `identity_link_required`. Call it in a session that was opened after that sign-in, by the user with the address of the identity. At most 20 identities per user.',
    body: IdentityLinkToken,
    responses: { 201: LinkedIdentity },
    metadata: { ...metadata, audit: ['identity.link', 'identity'], extraErrors: [403, 409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/me/identities/{identity_id}',
    summary: 'Unlink an identity',
    description: 'You can no longer sign in with it; sessions stay open. Your last way to sign in cannot be removed.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', account: 'optional', audit: ['identity.unlink', 'identity'], extraErrors: [409] },
  },
} as const satisfies Resource);
