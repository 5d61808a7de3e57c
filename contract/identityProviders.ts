import { z } from 'zod';
import { baseUrlMeta, changes, Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const IdentityProvider = z
  .object({
    id: Id.meta({ description: 'ID of the provider. Its redirect URI is `/oauth/sign-in/{id}` of the front end.' }),
    name: z.string().meta({ description: 'Name on the button of the sign-in page.' }),
    issuer: z.string().meta({ description: 'Issuer identifier. `/.well-known/openid-configuration` below it describes the provider.' }),
    client_id: z.string().meta({ description: 'ID of this installation at the provider.' }),
    has_client_secret: z.boolean().meta({ description: 'Whether a client secret is stored. It is never returned.' }),
    scopes: z.array(z.string()).meta({ description: 'Requested scopes, with `openid`.' }),
    allowed_email_domains: z
      .array(z.string())
      .meta({ description: 'Domains of the verified addresses that may sign in, in ASCII. Subdomains are not included. Empty for all.' }),
    registers_users: z.boolean().meta({ description: 'Whether people without a user are registered, if the registration mode allows it.' }),
    internal_network: z
      .boolean()
      .meta({ description: 'Whether the provider may be in the internal network, on any port and without TLS.' }),
    enabled: z.boolean().meta({ description: 'Whether people can sign in with the provider.' }),
    created_at: Time.meta({ description: 'When the provider was created.' }),
    updated_at: Time.meta({ description: 'When the provider was last changed.' }),
  })
  .meta({ id: 'IdentityProvider', description: 'A provider of OpenID Connect with which people sign in.' });
export type IdentityProvider = z.infer<typeof IdentityProvider>;

const issuer = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .meta({ ...baseUrlMeta, description: 'Issuer identifier: a URL without query and fragment, exactly as the provider spells it.' });
const clientId = trimmedText(500).meta({ description: 'ID of this installation at the provider.' });
const clientSecret = z
  .string()
  .min(1)
  .max(2000)
  .nullish()
  .meta({ description: 'Client secret, stored encrypted. Null for a public client, which proves itself by PKCE alone.' });
const scopes = z
  .array(
    z
      .string()
      .max(100)
      .regex(/^[!#-[\]-~]+$/, 'must be a scope token'),
  )
  .max(20);
const domains = z.array(z.string().trim().min(1).max(253)).max(100);
const verifyMeta = {
  description:
    'Whether to read the metadata of the issuer first. If it cannot be used, nothing is saved: 400 `discovery_failed` with the reason. Other changes, and disabled providers, are not verified.',
};
const scopesMeta = { description: 'Scopes to request. `openid` is always requested; `email` is needed for addresses.' };
const domainsMeta = { description: 'Domains such as `example.com`; case and a final dot are ignored. Empty for all.' };

export const NewIdentityProvider = z
  .strictObject({
    name: trimmedText(100).meta({ description: 'Name on the button of the sign-in page.' }),
    issuer,
    client_id: clientId,
    client_secret: clientSecret,
    scopes: scopes.default(['openid', 'email', 'profile']).meta(scopesMeta),
    allowed_email_domains: domains.default([]).meta(domainsMeta),
    registers_users: z.boolean().default(false).meta({ description: 'Whether people without a user are registered.' }),
    internal_network: z.boolean().default(false).meta({ description: 'Whether the provider may be in the internal network.' }),
    enabled: z.boolean().default(true).meta({ description: 'Whether people can sign in with the provider.' }),
    verify: z.boolean().default(false).meta(verifyMeta),
  })
  .meta({ id: 'NewIdentityProvider', description: 'An identity provider to create.' });
export type NewIdentityProvider = z.infer<typeof NewIdentityProvider>;

export const IdentityProviderChanges = changes({
  name: trimmedText(100).optional().meta({ description: 'Name on the button of the sign-in page.' }),
  issuer: issuer.optional(),
  client_id: clientId.optional(),
  client_secret: clientSecret,
  scopes: scopes.optional().meta(scopesMeta),
  allowed_email_domains: domains.optional().meta(domainsMeta),
  registers_users: z.boolean().optional().meta({ description: 'Whether people without a user are registered.' }),
  internal_network: z.boolean().optional().meta({ description: 'Whether the provider may be in the internal network.' }),
  enabled: z.boolean().optional().meta({ description: 'Whether people can sign in with the provider.' }),
  verify: z.boolean().optional().meta(verifyMeta),
}).meta({ id: 'IdentityProviderChanges', description: 'Properties of an identity provider to change.' });
export type IdentityProviderChanges = z.infer<typeof IdentityProviderChanges>;

/** Providers of OpenID Connect. */
export const identityProviders = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/admin/identity-providers',
    summary: 'Create an identity provider',
    description:
      'Adds a button to the sign-in page. Register `/oauth/sign-in/{id}` of your front end as redirect URI at the provider; create the provider disabled to get its ID first. The provider is contacted only with `verify`.',
    body: NewIdentityProvider,
    responses: { 201: IdentityProvider },
    metadata: { auth: 'platform', audit: ['identity_provider.create', 'identity_provider'], extraErrors: [409] },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/identity-providers',
    summary: 'List identity providers, newest first',
    description: 'Includes disabled providers. Client secrets are not returned.',
    query: pageQuery(),
    responses: { 200: z.array(IdentityProvider) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/identity-providers/{identity_provider_id}',
    summary: 'Retrieve an identity provider',
    description: 'Never contains the client secret.',
    responses: { 200: IdentityProvider },
    metadata: { auth: 'platform' },
  },
  update: {
    method: 'PATCH',
    path: '/v1/admin/identity-providers/{identity_provider_id}',
    summary: 'Change an identity provider',
    description:
      'Omitted fields keep their values. Sign-ins that are under way must begin again. Sessions that the provider opened stay open. Identities belong to their issuer: with another issuer, they are not used. A new issuer needs `client_secret` again, so that the secret does not reach another server.',
    body: IdentityProviderChanges,
    responses: { 200: IdentityProvider },
    metadata: { auth: 'platform', audit: ['identity_provider.update', 'identity_provider'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/identity-providers/{identity_provider_id}',
    summary: 'Delete an identity provider',
    description:
      'Sign-ins that are under way end; sessions stay open. Linked identities are kept and work again if a provider with the same issuer is created. To pause a provider, set `enabled` to false.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['identity_provider.delete', 'identity_provider'] },
  },
} as const satisfies Resource);
