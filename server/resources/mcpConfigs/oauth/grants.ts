import { isIP } from 'node:net';
import type { AuthorizationServerMetadata, OAuthTokens } from '@modelcontextprotocol/client';
import { databaseNow } from '../../../platform/databaseClock.ts';
import { isLoopback } from '../../../platform/network/addresses.ts';
import { createOauthFetch, lateSignal } from '../../../platform/outbound/oauthFetch.ts';
import { type OutboundClient, OutboundDenied } from '../../../platform/outbound/outbound.ts';
import type { Credential, Grant, PendingGrant, Tokens } from './credential.ts';

/** Why an authorization failed, in words of our own. What a server says may contain secrets. */
export class GrantFailure extends Error {
  override name = 'GrantFailure';
  /** Whether the authorization server has rejected the grant for good. */
  readonly isFinal: boolean;
  constructor(message: string, isFinal = false) {
    super(message);
    this.isFinal = isFinal;
  }
}

/** The protocol library. Loaded on first use. */
const loadSdk = () => import('@modelcontextprotocol/client');
type Sdk = Awaited<ReturnType<typeof loadSdk>>;

/** Characters of what is kept of an authorization server and put into the address. */
const maxGrantLength = 16_384;

type Started = { authorizationUrl: string; pending: PendingGrant };

/**
 * Finds the authorization server of an MCP server, registers a client there, and makes the address at which the user grants access (MCP
 * 2025-11-25, authorization). Throws `GrantFailure`.
 */
export async function startGrant(outbound: OutboundClient, url: string, redirectUrl: string, state: string): Promise<Started> {
  const sdk = await loadSdk();
  const late = lateSignal();
  const fetchFn = createOauthFetch(outbound, late);
  return withGrantFailures(sdk, 'The authorization server cannot be used', async () => {
    const challenge = await challengeOf(sdk, outbound, url, late);
    const { resourceMetadataUrl } = challenge;
    const found = await sdk.discoverOAuthServerInfo(url, { fetchFn, ...(resourceMetadataUrl && { resourceMetadataUrl }) });
    const { authorizationServerUrl, authorizationServerMetadata: metadata, resourceMetadata } = found;
    if (!metadata) throw new GrantFailure('The server names no authorization server that can be found.');
    // Without this, a code that is stolen could be exchanged by anybody.
    if (!metadata.code_challenge_methods_supported?.includes('S256'))
      throw new GrantFailure('The authorization server does not support PKCE with S256.');
    if (!metadata.registration_endpoint) throw new GrantFailure('The authorization server does not support the registration of clients.');
    const requestedResource = sdk.resourceUrlFromServerUrl(url);
    const resource = resourceMetadata?.resource ?? requestedResource.href;
    if (!sdk.checkResourceAllowed({ requestedResource, configuredResource: resource }))
      throw new GrantFailure('The metadata of the server describes another server.');
    // The browser of the user opens it.
    await outbound.resolveAndCheck(metadata.authorization_endpoint);
    const scope = scopeOf(challenge.scope ?? resourceMetadata?.scopes_supported?.join(' '), metadata);
    const clientMetadata = clientMetadataFor(redirectUrl, metadata);
    const client = await sdk.registerClient(authorizationServerUrl, { metadata, clientMetadata, fetchFn, ...(scope && { scope }) });
    const grant: Grant = { url, redirect_url: redirectUrl, resource, client: clientOf(client), server: serverOf(metadata) };
    const started = await sdk.startAuthorization(authorizationServerUrl, {
      metadata,
      clientInformation: grant.client,
      redirectUrl,
      state,
      resource,
      ...(scope && { scope }),
    });
    const authorizationUrl = started.authorizationUrl.href;
    if (authorizationUrl.length + JSON.stringify(grant).length > maxGrantLength)
      throw new GrantFailure('The metadata of the authorization server are too long.');
    return { authorizationUrl, pending: { ...grant, code_verifier: started.codeVerifier } };
  });
}

/** Exchanges the code for tokens. `issuer` is that of the answer (RFC 9207). Throws `GrantFailure`. */
export async function completeGrant(
  outbound: OutboundClient,
  { code_verifier: codeVerifier, ...grant }: PendingGrant,
  code: string,
  issuer: string | undefined,
): Promise<Credential> {
  const sdk = await loadSdk();
  return withGrantFailures(sdk, 'The authorization server did not accept the authorization', async () => {
    const tokens = await sdk.exchangeAuthorization(grant.server.issuer, {
      ...requestOf(outbound, grant),
      authorizationCode: code,
      codeVerifier,
      redirectUri: grant.redirect_url,
      ...(issuer !== undefined && { iss: issuer }),
    });
    return { ...grant, tokens: tokensOf(tokens) };
  });
}

/** Gets new tokens with the refresh token. Throws `GrantFailure`. */
export async function renewGrant(
  outbound: OutboundClient,
  credential: Credential & { tokens: { refresh_token: string } },
): Promise<Credential> {
  const sdk = await loadSdk();
  return withGrantFailures(sdk, 'The authorization server did not renew the access', async () => {
    const refreshToken = credential.tokens.refresh_token;
    const tokens = await sdk.refreshAuthorization(credential.server.issuer, { ...requestOf(outbound, credential), refreshToken });
    return { ...credential, tokens: tokensOf(tokens) };
  });
}

const requestOf = (outbound: OutboundClient, { client, server, resource }: Grant) => ({
  metadata: server as AuthorizationServerMetadata,
  clientInformation: client,
  resource,
  fetchFn: createOauthFetch(outbound),
});

/** A first message without a token. Its answer tells where the metadata is. */
async function challengeOf(sdk: Sdk, outbound: OutboundClient, url: string, late: AbortSignal) {
  const { status, headers, body } = await outbound.fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    signal: AbortSignal.any([late, AbortSignal.timeout(10_000)]),
  });
  await body?.cancel().catch(() => undefined);
  return sdk.extractWWWAuthenticateParams(new Response(null, { status, headers: [...headers] }));
}

/** A refresh token is issued for `offline_access` only, where that scope exists. */
function scopeOf(wanted: string | undefined, { scopes_supported: supported = [] }: AuthorizationServerMetadata): string | undefined {
  if (!wanted || !supported.includes('offline_access') || wanted.split(' ').includes('offline_access')) return wanted;
  return `${wanted} offline_access`;
}

const authMethods = ['client_secret_post', 'client_secret_basic', 'none'];

function clientMetadataFor(redirectUrl: string, { token_endpoint_auth_methods_supported: supported }: AuthorizationServerMetadata) {
  const host = new URL(redirectUrl).hostname;
  const isLocal = host === 'localhost' || (isIP(host.replace(/^\[|\]$/g, '')) > 0 && isLoopback(host));
  return {
    client_name: 'Arkloop',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: supported ? (authMethods.find((method) => supported.includes(method)) ?? 'none') : 'client_secret_basic',
    // OpenID Connect registration rejects loopback addresses of web clients.
    application_type: isLocal ? 'native' : 'web',
  };
}

const clientOf = ({ client_id, client_secret, token_endpoint_auth_method }: Grant['client']): Grant['client'] => ({
  client_id,
  ...(client_secret && { client_secret }),
  ...(token_endpoint_auth_method && { token_endpoint_auth_method }),
});

function serverOf(metadata: AuthorizationServerMetadata): Grant['server'] {
  const { issuer, authorization_endpoint, token_endpoint, response_types_supported } = metadata;
  const { token_endpoint_auth_methods_supported: methods, authorization_response_iss_parameter_supported: sendsIssuer } = metadata;
  return {
    ...{ issuer, authorization_endpoint, token_endpoint, response_types_supported },
    ...(methods && { token_endpoint_auth_methods_supported: methods }),
    ...(sendsIssuer === true && { authorization_response_iss_parameter_supported: true }),
  };
}

/** Longer tokens do not fit into the header of a request. */
const maxTokenLength = 8_192;
/** A century. A longer life does not fit into a time of the database. */
const maxTokenSeconds = 100 * 365 * 86_400;

function tokensOf({ access_token, refresh_token, token_type, expires_in }: OAuthTokens): Tokens {
  const isShort = Math.max(access_token.length, refresh_token?.length ?? 0) <= maxTokenLength;
  const isUsable = token_type.toLowerCase() === 'bearer' && isShort && /^[\x21-\x7e]+$/.test(access_token);
  if (!isUsable) throw new GrantFailure('The authorization server issued a token that cannot be used.');
  return {
    access_token,
    ...(refresh_token && { refresh_token }),
    // Servers also send 0 or a negative number. Then the end is not known.
    ...(expires_in !== undefined && expires_in > 0 && { expires_at: databaseNow() + Math.min(expires_in, maxTokenSeconds) * 1_000 }),
  };
}

/** Errors that say that the user must grant access again (RFC 6749, 5.2). */
const finalErrors: readonly string[] = ['invalid_grant', 'invalid_client', 'unauthorized_client'];

async function withGrantFailures<T>(sdk: Sdk, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GrantFailure) throw error;
    throw new GrantFailure(`${what}: ${reasonOf(sdk, error)}`, error instanceof sdk.OAuthError && finalErrors.includes(error.code));
  }
}

/** Never repeats a message of the server, nor one of the network, which would reveal which ports are open. */
function reasonOf(sdk: Sdk, error: unknown): string {
  if (error instanceof OutboundDenied) return error.message;
  if (error instanceof sdk.OAuthError) return isErrorCode(error.code) ? `it answered ${error.code}.` : 'it answered with an error.';
  if (error instanceof sdk.RegistrationRejectedError) return 'it did not register a client.';
  if (error instanceof sdk.IssuerMismatchError) return 'its issuer does not match.';
  return 'it cannot be reached, or its answer is not valid.';
}

const isErrorCode = (code: string) => /^[a-z_]{1,40}$/.test(code);
