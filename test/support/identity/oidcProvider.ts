import { generateKeyPair } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import Provider, { type JWK } from 'oidc-provider';
import { onFileFinished } from '../app/fileCleanup.ts';
import { MemoryAdapter } from './memoryAdapter.ts';

export const oidcClient = { client_id: 'arkloop', client_secret: 'a secret of the client, long enough' };

/** A person at the provider. */
export type Account = { sub: string; email?: string; email_verified?: boolean; preferred_username?: string; locale?: string };

/** `oidc-provider` on loopback, which signs in `current.account` without asking. */
export async function startOidcProvider() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const accounts = new Map<string, Account>();
  const current: { account: Account | undefined } = { account: undefined };
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 });
  const provider = new Provider(issuer, {
    adapter: MemoryAdapter,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' } as JWK] },
    clients: [{ ...oidcClient, redirect_uris: ['https://chat.example.test/oauth'] }],
    cookies: { keys: ['a key for cookies'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username', 'locale'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    ttl: { Session: 600, Grant: 600, AccessToken: 600, IdToken: 600, Interaction: 600, AuthorizationCode: 60 },
    findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ ...accounts.get(id)! }) }),
  });
  // The redirect URI contains the ID of the identity provider, which is created later.
  provider.Client.prototype.redirectUriAllowed = (uri: string) => /\/oauth\/sign-in\/[0-9a-f-]{36}$/.test(uri);
  const handle = provider.callback();
  async function signIn(req: IncomingMessage, res: ServerResponse) {
    const account = current.account!;
    accounts.set(account.sub, account);
    const details = await provider.interactionDetails(req, res);
    const grant = new provider.Grant({ accountId: account.sub, clientId: oidcClient.client_id });
    grant.addOIDCScope(String(details.params.scope));
    const login = { accountId: account.sub, remember: false };
    await provider.interactionFinished(req, res, { login, consent: { grantId: await grant.save() } });
  }
  server.on('request', (req, res) => void (req.url?.startsWith('/interaction/') ? signIn(req, res) : handle(req, res)));
  onFileFinished(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { issuer, current, accounts };
}

/** Follows the redirects of a provider as a browser of `account` until it returns to the front end. Returns its parameters. */
export async function visitProvider(address: string): Promise<{ state: string; code: string; iss?: string }> {
  const cookies = new Map<string, string>();
  let url = new URL(address);
  for (let step = 0; step < 10; step++) {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    const answer = await fetch(url, { redirect: 'manual', headers });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0]!.split(/=(.*)/s) as [string, string];
      cookies.set(name, value);
    }
    const to = answer.headers.get('location');
    if (!to) throw new Error(`${url.pathname}: ${answer.status} ${await answer.text()}`);
    url = new URL(to, url);
    if (url.pathname.startsWith('/oauth/sign-in/')) return Object.fromEntries(url.searchParams) as { state: string; code: string };
  }
  throw new Error('too many redirects');
}
