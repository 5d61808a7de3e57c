import { createJWT, validateJWT } from 'oslo/jwt';

/** What an access token says (identity 2.5). `role` is informational; `iat` has a fraction, `exp` is whole seconds. */
export type AccessClaims = { sub: string; sid: string; typ: string; account: string; role: string; iat: number; exp: number };

/** Issue an access token of `ttl` seconds. */
export const issueAccessToken = (secret: Buffer, claims: Omit<AccessClaims, 'typ' | 'iat' | 'exp'>, ttl: number, now = Date.now()) =>
  createJWT('HS256', secret, { ...claims, typ: 'access', iat: now / 1000, exp: Math.floor(now / 1000) + ttl });

/** The claims of a token that this server signed, expired or not; undefined for anything else. */
export async function readAccessToken(secret: Buffer, token: string): Promise<AccessClaims | undefined> {
  const parts = token.split('.');
  // The library decodes leniently; a token with another spelling of the same bytes is not ours.
  if (parts.length !== 3 || !parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)) return undefined;
  const claims = await validateJWT('HS256', secret, token).then(
    (jwt) => jwt.payload as Partial<AccessClaims>,
    (error: Error) => (error.message === 'Expired JWT' ? expiredClaims(secret, token) : undefined),
  );
  return claims && isAccess(claims) ? claims : undefined;
}

/** An expired token is told apart from a forged one, so its signature is checked too. */
async function expiredClaims(secret: Buffer, token: string): Promise<Partial<AccessClaims> | undefined> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { createHmac, timingSafeEqual } = await import('node:crypto');
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected)
    ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Partial<AccessClaims>)
    : undefined;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const isAccess = (claims: Partial<AccessClaims>): claims is AccessClaims =>
  claims.typ === 'access' &&
  Number.isSafeInteger(claims.exp) &&
  typeof claims.iat === 'number' &&
  claims.iat * 1000 <= Date.now() + 30_000 &&
  [claims.sub, claims.sid, claims.account].every((id) => typeof id === 'string' && uuid.test(id));
