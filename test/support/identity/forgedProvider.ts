import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onFileFinished } from '../app/fileCleanup.ts';

const makeKeys = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
let made: ReturnType<typeof makeKeys> | undefined;

/** Made on first use, because it takes up to a second and every worker loads this file. */
function keys() {
  made ??= makeKeys();
  return made;
}
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

type Claims = Record<string, unknown>;
type Params = { state: string; code: string; iss?: string };

/** Signs a token. `none` leaves the signature empty; `HS256` uses the public key as secret. */
export function signToken(claims: Claims, alg: 'RS256' | 'HS256' | 'none' = 'RS256', key = keys().privateKey): string {
  const head = `${encode({ alg, kid: 'k1', typ: 'JWT' })}.${encode(claims)}`;
  if (alg === 'none') return `${head}.`;
  const secret = keys().publicKey.export({ type: 'spki', format: 'pem' });
  const signature = alg === 'HS256' ? createHmac('sha256', secret).update(head).digest() : sign('sha256', Buffer.from(head), key);
  return `${head}.${signature.toString('base64url')}`;
}

let shared: ReturnType<typeof startForgedProvider> | undefined;

/** A provider without forged answers, with any number of issuers: a UUID below its address. */
export const sharedProvider = () => (shared ??= startForgedProvider({ isShared: true }));

/** A provider whose answers can be forged in `behavior`. It grants every request. */
export async function startForgedProvider({ isShared = false } = {}) {
  const server = createServer((req, res) => void respond(req, res));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  server.unref();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = origin;
  const behavior = {
    metadata: {} as object,
    /** Changes the claims of the ID token. */
    claims: (claims: Claims): Claims => claims,
    token: (claims: Claims): string => signToken(claims),
    /** Answers instead of the endpoint of a path. */
    instead: {} as Record<string, (res: ServerResponse) => void>,
    /** Runs while a code is exchanged. */
    duringExchange: async (): Promise<unknown> => undefined,
  };
  const requests: { path: string; body: string; authorization: string | undefined }[] = [];
  const codes = new Map<string, { nonce: string; clientId: string; more: Claims }>();

  async function respond(req: IncomingMessage, res: ServerResponse) {
    const [, tenant = '', pathname] = /^(\/[0-9a-f-]{36})?(.*)$/.exec(new URL(req.url!, origin).pathname) as unknown as [
      string,
      string | undefined,
      string,
    ];
    const issuer = origin + tenant;
    let body = '';
    for await (const chunk of req) body += chunk;
    requests.push({ path: pathname, body, authorization: req.headers.authorization });
    const json = (value: unknown, status = 200) => {
      res.writeHead(status, { 'content-type': 'application/json' });
      res.end(JSON.stringify(value));
    };
    const instead = behavior.instead[pathname];
    if (instead) return instead(res);
    if (pathname === '/.well-known/openid-configuration')
      return json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        ...behavior.metadata,
      });
    if (pathname === '/jwks') {
      const jwk = keys().publicKey.export({ format: 'jwk' });
      return json({ keys: [{ ...jwk, kid: 'k1', alg: 'RS256', use: 'sig' }] });
    }
    if (pathname !== '/token') return json({}, 404);
    const code = new URLSearchParams(body).get('code') ?? '';
    const known = codes.get(code);
    if (!codes.delete(code) || !known) return json({ error: 'invalid_grant' }, 400);
    await behavior.duringExchange();
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: issuer, sub: 'forged', aud: known.clientId, iat: now, exp: now + 300, nonce: known.nonce, ...known.more };
    const id_token = behavior.token(behavior.claims(claims));
    return json({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, id_token });
  }
  if (!isShared)
    onFileFinished(async () => {
      server.closeAllConnections();
      server.close();
    });

  /** Grants the request of an address. The ID token has the claims `more`. */
  const grant = (address: string, more: Claims = {}): Params => {
    const { searchParams } = new URL(address);
    const code = randomUUID();
    codes.set(code, { nonce: searchParams.get('nonce')!, clientId: searchParams.get('client_id')!, more });
    return { state: searchParams.get('state')!, code };
  };
  const reset = () => {
    Object.assign(behavior, {
      metadata: {},
      claims: (claims: Claims) => claims,
      token: (claims: Claims) => signToken(claims),
      instead: {},
      duringExchange: async () => undefined,
    });
  };
  return { issuer, behavior, requests, grant, reset };
}
