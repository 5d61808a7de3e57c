import type { AccessGrant } from '../../../../contract/auth.ts';
import type { App } from '../../../http/app.ts';
import type { RequestScope } from '../../../http/scope.ts';
import { issueAccessToken } from '../../../platform/crypto/accessTokens.ts';
import { newId, newToken, sha256 } from '../../../platform/crypto/ids.ts';
import { databaseNow } from '../../../platform/databaseClock.ts';
import { insertSession } from './queries.ts';

/** `grant` is the body of the response. The refresh token is sent only in the cookie. */
export type SignedIn = { grant: AccessGrant; refreshToken: string };

/** The user, session and account of an access token. */
export type TokenSubject = { userId: string; sessionId: string; accountId: string; role: string };

export type SignInMethod = 'password' | 'email_otp' | 'oidc' | 'passkey';

/** Other sessions of the user stay open. `isConfirmed`: by a passkey, as the first or the second factor. */
export async function openSession(
  { app, tx, client }: RequestScope,
  who: Omit<TokenSubject, 'sessionId'>,
  method: SignInMethod = 'password',
  isConfirmed = false,
): Promise<SignedIn> {
  const sessionId = newId();
  const refreshToken = newToken();
  const { userId, accountId } = who;
  const opened = await tx.row(insertSession, {
    id: sessionId,
    userId,
    accountId,
    ip: client.ip,
    userAgent: client.userAgent,
    method,
    isConfirmed,
    tokenHash: sha256(refreshToken),
    lifeSeconds: app.config.authRefreshTokenTtlSeconds,
  });
  return { grant: await grantAccess(app, { ...who, sessionId }, opened!.issued_at), refreshToken };
}

/** `issuedAt` is the time of the database, like that of a revocation, so that a login right after a revocation is never older than it. */
export async function grantAccess({ config, keys }: App, who: TokenSubject, issuedAt: string): Promise<AccessGrant> {
  const life = config.authAccessTokenTtlSeconds;
  const claims = { sub: who.userId, sid: who.sessionId, account: who.accountId, role: who.role };
  const token = await issueAccessToken(keys.jwtSecrets, claims, life, Date.parse(issuedAt));
  return { access_token: token, token_type: 'bearer', expires_in: life };
}

/** The role in access tokens and profiles. */
export const roleOf = ({ is_platform_admin: isPlatformAdmin, role }: { is_platform_admin: boolean; role: string | null }) =>
  isPlatformAdmin ? 'platform_admin' : (role ?? '');

const cookieName = 'arkloop_refresh_token';

/** In production the cookie is always `Secure`, because the last hop may be plain HTTP without `X-Forwarded-Proto`. */
const cookie = ({ app, client }: Pick<RequestScope, 'app' | 'client'>, value: string, seconds: number, expires: number) => {
  const isSecure = client.secure || app.config.env === 'production';
  const fixed = `Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${seconds}; Expires=${new Date(expires).toUTCString()}`;
  return { 'set-cookie': `${cookieName}=${value}; ${fixed}${isSecure ? '; Secure' : ''}` };
};

export const sessionCookie = (scope: RequestScope, token: string) => {
  const life = scope.app.config.authRefreshTokenTtlSeconds;
  return cookie(scope, token, life, databaseNow() + life * 1_000);
};

export const clearedCookie = (scope: Pick<RequestScope, 'app' | 'client'>) => cookie(scope, '', 0, 0);

/** The refresh tokens of a Cookie header. If there are several, another site planted one; neither order nor attributes show which. */
export const readRefreshCookies = (header: string | undefined): string[] =>
  (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`))
    .map((part) => part.slice(cookieName.length + 1));
