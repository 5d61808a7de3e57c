import type { ClientAuth, Configuration } from 'openid-client';
import { z } from 'zod';
import type { App } from '../../http/app.ts';
import { unseal } from '../../platform/crypto/seal.ts';
import { Failure, failWith, invalidField } from '../../platform/failure.ts';
import { createOauthFetch, lateSignal } from '../../platform/outbound/oauthFetch.ts';
import type { IdentityProviderRow } from '../identityProviders/queries.ts';
import { secretContext } from '../identityProviders/secrets.ts';

/** The protocol library. Loaded on first use. */
const loadClient = () => import('openid-client');

/** What a provider says about a person. Only an address that it has verified is kept. */
export type Person = { subject: string; email: string | undefined; name: string | undefined; locale: string | undefined };

const Claims = z.object({
  sub: z.string().min(1).max(255),
  email: z.string().max(320).optional().catch(undefined),
  email_verified: z.boolean().optional().catch(undefined),
  preferred_username: z.string().max(256).optional().catch(undefined),
  locale: z.string().max(35).optional().catch(undefined),
});
type Claims = z.infer<typeof Claims>;

type DiscoveredProvider = Pick<IdentityProviderRow, 'id' | 'issuer' | 'client_id' | 'client_secret_sealed' | 'internal_network'>;

/** Reads the metadata of a provider. Throws 502 `identity_provider_unavailable`. */
async function discover(app: App, provider: DiscoveredProvider): Promise<Configuration> {
  try {
    return await readMetadata(app, provider);
  } catch (error) {
    app.log.warn({ issuer: provider.issuer, error: reasonOf(error) }, 'an identity provider cannot be used');
    throw unavailable();
  }
}

/** Throws 400 `discovery_failed` if the metadata of an issuer cannot be used. */
export async function verifyIssuer(app: App, issuer: Pick<IdentityProviderRow, 'issuer' | 'internal_network'>): Promise<void> {
  try {
    await readMetadata(app, { ...issuer, id: '', client_id: 'unknown', client_secret_sealed: null });
  } catch (error) {
    const spelled = issuerOf(error);
    const message = spelled
      ? `is not how the provider spells it: ${spelled.slice(0, 200)}`
      : 'has no usable metadata of OpenID Connect at /.well-known/openid-configuration';
    throw invalidField('/issuer', message, 'discovery_failed');
  }
}

const OtherIssuer = z.object({ attribute: z.literal('issuer'), body: z.object({ issuer: z.string() }) });

/** The issuer that the metadata name instead of the expected one. The library has them in the cause of an error, or in that of its cause. */
function issuerOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return OtherIssuer.safeParse(error.cause).data?.body.issuer ?? issuerOf(error.cause);
}

async function readMetadata({ outbound, keys }: App, provider: DiscoveredProvider): Promise<Configuration> {
  const oidc = await loadClient();
  const issuer = new URL(provider.issuer);
  const policy = provider.internal_network ? 'internal' : 'https';
  const sealed = provider.client_secret_sealed;
  const secret = sealed && unseal(keys.encryptionKeys, sealed, secretContext(provider)).toString();
  // The policy of the outbound client decides which http URLs are requested.
  const insecure = issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  const config = await oidc.discovery(issuer, provider.client_id, {}, secret ? secretAuth(oidc, secret) : oidc.None(), {
    [oidc.customFetch]: createOauthFetch(outbound, lateSignal(), policy),
    // Also verifies the signature of ID tokens.
    execute: [oidc.enableNonRepudiationChecks, ...insecure],
  });
  const metadata = config.serverMetadata();
  // The library accepts other issuers from some vendors, with which anybody could sign in.
  if (new URL(metadata.issuer).href !== issuer.href)
    throw new Error('the metadata has another issuer', { cause: { attribute: 'issuer', body: metadata } });
  // The browser opens it, so it must be a web address.
  outbound.check(metadata.authorization_endpoint ?? '', policy);
  return config;
}

/** The secret in the body, unless the provider takes it in a header only, which is the default of the specification. */
function secretAuth(oidc: Awaited<ReturnType<typeof loadClient>>, secret: string): ClientAuth {
  const [post, basic] = [oidc.ClientSecretPost(secret), oidc.ClientSecretBasic(secret)];
  return (server, ...rest) => {
    const inBody = server.token_endpoint_auth_methods_supported?.includes('client_secret_post');
    return (inBody ? post : basic)(server, ...rest);
  };
}

type Started = { authorizationUrl: string; nonce: string; code_verifier: string };

/** Throws 502 `identity_provider_unavailable`. */
export async function startAtProvider(app: App, provider: IdentityProviderRow, redirectUri: string, state: string): Promise<Started> {
  const oidc = await loadClient();
  const config = await discover(app, provider);
  const nonce = oidc.randomNonce();
  const verifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: provider.scopes.join(' '),
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  if (url.href.length > maxUrlLength) throw unavailable();
  return { authorizationUrl: url.href, nonce, code_verifier: verifier };
}

const maxUrlLength = 8_192;

type Answer = { state: string; code: string; iss?: string | undefined };
type Expected = { redirect_uri: string; nonce: string; code_verifier: string };

/**
 * Exchanges the code and verifies the ID token: signature, issuer, audience, times, nonce. Throws 401 `identity_rejected`, 502
 * `identity_provider_unavailable`.
 */
export async function completeAtProvider(app: App, provider: IdentityProviderRow, expected: Expected, answer: Answer): Promise<Person> {
  const oidc = await loadClient();
  const config = await discover(app, provider);
  const callback = new URL(expected.redirect_uri);
  for (const [name, value] of Object.entries(answer)) if (value !== undefined) callback.searchParams.set(name, value);
  try {
    const tokens = await oidc.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: expected.code_verifier,
      expectedState: answer.state,
      expectedNonce: expected.nonce,
      idTokenExpected: true,
    });
    const claims = Claims.parse(tokens.claims());
    // With a code, providers may give claims of scopes only at the user info endpoint (OpenID Connect Core 5.4).
    const more =
      claims.email === undefined && config.serverMetadata().userinfo_endpoint
        ? Claims.parse(await oidc.fetchUserInfo(config, tokens.access_token, claims.sub))
        : claims;
    return personOf(more, claims);
  } catch (error) {
    app.log.warn({ issuer: provider.issuer, error: reasonOf(error) }, 'a sign-in with an identity provider failed');
    throw isOutage(error) ? unavailable() : rejected();
  }
}

const personOf = (claims: Claims, { sub, preferred_username: name, locale }: Claims): Person => ({
  subject: sub,
  email: claims.email_verified === true ? claims.email : undefined,
  name: claims.preferred_username ?? name,
  locale: claims.locale ?? locale,
});

/** Codes of the library for answers that are no verdict on the sign-in: a status or a content of an error page, or none in time. */
const outages = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_TIMEOUT', 'OAUTH_ABORT', undefined]);

function isOutage(error: unknown): boolean {
  if (error instanceof z.ZodError) return false;
  const { code, name, status } = error as { code?: string; name?: string; status?: number };
  return name === 'ResponseBodyError' ? (status ?? 0) >= 500 : outages.has(code);
}

/** For the log. What a provider says is left out: it may contain secrets. */
function reasonOf(error: unknown): string {
  const { code, message, error: oauthError } = error as { code?: string; message?: string; error?: unknown };
  return [code, typeof oauthError === 'string' ? oauthError.slice(0, 100) : message?.slice(0, 200)].filter(Boolean).join(': ');
}

const unavailable = () =>
  new Failure('upstream', 'The identity provider cannot be used at the moment.', { reason: 'identity_provider_unavailable' });
const rejected = () => failWith('unauthenticated', 'identity_rejected', 'The answer of the identity provider is not valid. Begin again.');
