import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidGrantError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type { OAuthServerProvider } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { OAuthClientInformationFull } from '@modelcontextprotocol/sdk/shared/auth.js';
import express from 'express';
import { startSdkServer } from '../agent/mcpSdk.ts';

type Code = { clientId: string; redirectUri: string; challenge: string; resource: string | undefined; scopes: string[] };
type Grant = { clientId: string; resource: string | undefined; access: string; refresh: string; isEnded: boolean };

/**
 * An authorization server of the public SDK, which grants every request. Refresh tokens can be used once: a second use ends the grant. The
 * behavior can be changed in `behavior`.
 */
export async function startAuthorizationServer() {
  const clients = new Map<string, OAuthClientInformationFull>();
  const codes = new Map<string, Code>();
  const grants: Grant[] = [];
  const requests: { path: string; body: string }[] = [];
  const behavior = {
    expiresIn: 3_600 as number | undefined,
    refreshes: true,
    down: false,
    metadata: {} as object,
    slowMs: 0,
    /** Runs while a code is exchanged. */
    duringExchange: async (): Promise<unknown> => undefined,
  };

  const issue = (grant: Grant) => {
    [grant.access, grant.refresh] = [`access-${randomUUID()}`, `refresh-${randomUUID()}`];
    const { expiresIn, refreshes } = behavior;
    return {
      access_token: grant.access,
      token_type: 'Bearer',
      ...(expiresIn !== undefined && { expires_in: expiresIn }),
      ...(refreshes && { refresh_token: grant.refresh }),
    };
  };
  const used = new Map<string, Grant>();
  const provider: OAuthServerProvider = {
    clientsStore: {
      getClient: (id) => clients.get(id),
      registerClient: (client) => {
        const full = client as OAuthClientInformationFull;
        clients.set(full.client_id, full);
        return full;
      },
    },
    async authorize({ client_id: clientId }, { codeChallenge, redirectUri, resource, scopes = [], state }, res) {
      const code = `code-${randomUUID()}`;
      codes.set(code, { clientId, redirectUri, challenge: codeChallenge, resource: resource?.href, scopes });
      const target = new URL(redirectUri);
      target.searchParams.set('code', code);
      if (state !== undefined) target.searchParams.set('state', state);
      res.redirect(target.href);
    },
    challengeForAuthorizationCode: async (_client, code) => codes.get(code)?.challenge ?? '',
    async exchangeAuthorizationCode({ client_id: clientId }, code, _verifier, redirectUri, resource) {
      const known = codes.get(code);
      codes.delete(code);
      if (known?.clientId !== clientId || known.redirectUri !== redirectUri || known.resource !== resource?.href)
        throw new InvalidGrantError(`unknown code ${code}`);
      await behavior.duringExchange();
      const grant: Grant = { clientId, resource: known.resource, access: '', refresh: '', isEnded: false };
      grants.push(grant);
      return issue(grant);
    },
    async exchangeRefreshToken({ client_id: clientId }, token) {
      if (behavior.slowMs) await new Promise((resolve) => setTimeout(resolve, behavior.slowMs));
      const reused = used.get(token);
      if (reused) reused.isEnded = true;
      const grant = grants.find(({ refresh, isEnded }) => refresh === token && !isEnded);
      if (!grant || grant.clientId !== clientId) throw new InvalidGrantError(`unknown refresh token ${token}`);
      used.set(token, grant);
      return issue(grant);
    },
    async verifyAccessToken(token) {
      const grant = grants.find(({ access, isEnded }) => access === token && !isEnded);
      if (!grant) throw new InvalidTokenError(`unknown token ${token}`);
      return { token, clientId: grant.clientId, scopes: [] };
    },
  };

  const app = express();
  const server = createServer(app);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  // Samples share one, so it is not closed. It must not keep the test process alive.
  server.unref();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  app.use((req, res, next) => {
    const { path } = req;
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.once('end', () => requests.push({ path, body: Buffer.concat(chunks).toString() }));
    if (behavior.down) res.writeHead(503).end();
    else if (path === '/.well-known/oauth-authorization-server') {
      res.json({
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        registration_endpoint: `${url}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['client_secret_post'],
        scopes_supported: ['tools', 'offline_access'],
        ...behavior.metadata,
      });
    } else next();
  });
  const off = { rateLimit: false } as const;
  app.use(
    mcpAuthRouter({
      provider,
      issuerUrl: new URL(url),
      authorizationOptions: off,
      tokenOptions: off,
      clientRegistrationOptions: off,
    }),
  );
  return {
    url,
    behavior,
    grants,
    clients,
    requests,
    count: (path: string) => requests.filter((request) => request.path === path).length,
    /** Invalidates access tokens, but not refresh tokens. */
    revokeAccess: () => grants.forEach((grant) => (grant.access = 'revoked')),
    /** Ends all grants. */
    endGrants: () => grants.forEach((grant) => (grant.isEnded = true)),
    isValid: (authorization: string | undefined, resource: string) =>
      grants.some((grant) => !grant.isEnded && authorization === `Bearer ${grant.access}` && grant.resource === resource),
  };
}

export type AuthorizationServer = Awaited<ReturnType<typeof startAuthorizationServer>>;

/** A tool server that requires access tokens for itself of `authorizationServer`, with metadata at the address of RFC 9728. */
export async function startProtectedServer(
  authorizationServer: AuthorizationServer,
  build: (server: McpServer) => void,
  more: { metadata?: object } = {},
) {
  /** The header of each message. */
  const seen: (string | undefined)[] = [];
  const server = await startSdkServer(build, undefined, (req, res, url) => {
    const origin = new URL(url).origin;
    const json = { 'content-type': 'application/json' };
    if (req.url === '/.well-known/oauth-protected-resource/mcp') {
      const metadata = { resource: url, authorization_servers: [authorizationServer.url], scopes_supported: ['tools'], ...more.metadata };
      res.writeHead(200, json).end(JSON.stringify(metadata));
      return true;
    }
    const { authorization } = req.headers;
    if (req.method === 'POST') seen.push(authorization);
    if (authorizationServer.isValid(authorization, url)) return false;
    const challenge = `Bearer error="invalid_token", resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
    res.writeHead(401, { ...json, 'www-authenticate': challenge }).end('{}');
    return true;
  });
  return { ...server, seen };
}

let shared: Promise<AuthorizationServer> | undefined;

/** The URL of a tool server of which only the authorization works. */
export async function sampleProtectedUrl(): Promise<string> {
  shared ??= startAuthorizationServer();
  return `${(await shared).url}/mcp`;
}

/** Grants access in the browser of the user: opens the address and returns the query of the callback address. */
export async function grantAccess(authorizationUrl: string) {
  const answer = await fetch(authorizationUrl, { redirect: 'manual' });
  const callback = new URL(answer.headers.get('location')!);
  return { callback, ...(Object.fromEntries(callback.searchParams) as { code: string; state: string }) };
}
