import { createJWT, validateJWT } from 'oslo/jwt';

/** What an access token says (identity 2.5). `role` is informational; `iat` has a fraction, `exp` is whole seconds. */
export type AccessClaims = { sub: string; sid: string; typ: string; account: string; role: string; iat: number; exp: number };

/** Issue an access token of `ttl` seconds. */
export const issueAccessToken = (secret: Buffer, claims: Omit<AccessClaims, 'typ' | 'iat' | 'exp'>, ttl: number, now = Date.now()) =>
  createJWT('HS256', secret, { ...claims, typ: 'access', iat: now / 1000, exp: Math.floor(now / 1000) + ttl });

/** The claims of an access token that this server signed, expired or not; undefined for anything else. */
export async function readAccessToken(secret: Buffer, token: string): Promise<AccessClaims | undefined> {
  const claims = await readSigned<AccessClaims>(secret, token);
  return claims && isAccess(claims) ? claims : undefined;
}

/** The claims of a token that this server signed, expired or not. */
async function readSigned<Claims>(secret: Buffer, token: string): Promise<Partial<Claims> | undefined> {
  const parts = token.split('.');
  // The library decodes leniently; a token with another spelling of the same bytes is not ours.
  if (parts.length !== 3 || !parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)) return undefined;
  return validateJWT('HS256', secret, token).then(
    (jwt) => jwt.payload as Partial<Claims>,
    (error: Error) => (error.message === 'Expired JWT' ? expiredClaims(secret, token) : undefined),
  );
}

/** An expired token is told apart from a forged one, so its signature is checked too. */
async function expiredClaims<Claims>(secret: Buffer, token: string): Promise<Partial<Claims> | undefined> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { createHmac, timingSafeEqual } = await import('node:crypto');
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected)
    ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Partial<Claims>)
    : undefined;
}

const isId = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);

const isAccess = (claims: Partial<AccessClaims>): claims is AccessClaims =>
  claims.typ === 'access' &&
  Number.isSafeInteger(claims.exp) &&
  typeof claims.iat === 'number' &&
  claims.iat * 1000 <= Date.now() + 30_000 &&
  [claims.sub, claims.sid, claims.account].every(isId);
