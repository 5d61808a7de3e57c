import { createJWT, validateJWT } from 'oslo/jwt';
import { databaseNow } from '../databaseClock.ts';
import type { Key, Keyring } from './keyring.ts';

/** The claims of an access token. `role` is informational. `iat` has a fraction, `exp` is in whole seconds. */
export type AccessClaims = { sub: string; sid: string; typ: string; account: string; role: string; iat: number; exp: number };

/** Signs with the newest key. `ttl` is in seconds. */
export function issueAccessToken(
  { keys: [{ id: kid, secret }] }: Keyring,
  claims: Omit<AccessClaims, 'typ' | 'iat' | 'exp'>,
  ttl: number,
  now = databaseNow(),
) {
  const all = { ...claims, typ: 'access', iat: now / 1000, exp: Math.floor(now / 1000) + ttl };
  return createJWT('HS256', secret, all, { headers: { kid } });
}

/** The claims of an access token signed by this server, expired or not. Undefined for any other token. */
export async function readAccessToken(ring: Keyring, token: string): Promise<AccessClaims | undefined> {
  for (const { secret } of candidates(ring, token)) {
    const claims = await readSigned<AccessClaims>(secret, token);
    if (claims) return isAccess(claims) ? claims : undefined;
  }
  return undefined;
}

/** The key that the header names. Tokens without a `kid` were issued before there was one. */
function candidates({ keys }: Keyring, token: string): readonly Key[] {
  const { kid, crit } = headerOf(token);
  // No extension is known, so none that must be understood can be accepted (RFC 7515, section 4.1.11).
  if (crit !== undefined) return [];
  return kid === undefined ? keys : keys.filter(({ id }) => id === kid);
}

function headerOf(token: string): { kid?: unknown; crit?: unknown } {
  try {
    return Object(JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()));
  } catch {
    return {};
  }
}

/** Also returns the claims of an expired token. */
async function readSigned<Claims>(secret: Buffer, token: string): Promise<Partial<Claims> | undefined> {
  const parts = token.split('.');
  // The library decodes base64url leniently. Reject other encodings of the same bytes.
  if (parts.length !== 3 || !parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)) return undefined;
  return validateJWT('HS256', secret, token).then(
    (jwt) => jwt.payload as Partial<Claims>,
    (error: Error) => (error.message === 'Expired JWT' ? expiredClaims(secret, token) : undefined),
  );
}

/** Verifies the signature, to distinguish an expired token from a forged one. */
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
  claims.iat * 1000 <= databaseNow() + 30_000 &&
  [claims.sub, claims.sid, claims.account].every(isId);
