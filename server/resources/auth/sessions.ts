import type { AccessGrant } from '../../../contract/auth.ts';
import { issueAccessToken } from '../../kernel/accessTokens.ts';
import type { App } from '../../kernel/app.ts';
import { newId, newToken, sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { insertSession } from './queries.ts';

/** A sign-in: what goes into the body, and what only the cookie carries. */
export type SignedIn = { grant: AccessGrant; refreshToken: string };

/** Whom an access token speaks for, and where. */
export type Bearer = { userId: string; sessionId: string; accountId: string; role: string };

/** How somebody proved who he is. */
export type Method = 'password' | 'email_otp';

/** Open a session. Sessions do not know of each other. */
export async function openSession(
  { app, tx, origin }: RequestScope,
  who: Omit<Bearer, 'sessionId'>,
  method: Method = 'password',
): Promise<SignedIn> {
  const sessionId = newId();
  const refreshToken = newToken();
  const { userId, accountId } = who;
  const life = app.config.authRefreshTokenTtlSeconds;
  const values = [sessionId, userId, accountId, origin.ip, origin.userAgent, sha256(refreshToken), life, method];
  const opened = await tx.row(insertSession, values);
  return { grant: await grantAccess(app, { ...who, sessionId }, opened!.issued_at), refreshToken };
}

/** An access token. Its time is the database's, as that of a revocation is, so that a login just after one is never taken for older. */
export async function grantAccess({ config, keys }: App, who: Bearer, issuedAt: string): Promise<AccessGrant> {
  const life = config.authAccessTokenTtlSeconds;
  const claims = { sub: who.userId, sid: who.sessionId, account: who.accountId, role: who.role };
  const token = await issueAccessToken(keys.jwtSecret, claims, life, Date.parse(issuedAt));
  return { access_token: token, token_type: 'bearer', expires_in: life };
}

/** The role that a token and a profile name. */
export const roleOf = ({ is_platform_admin: isPlatformAdmin, role }: { is_platform_admin: boolean; role: string | null }) =>
  isPlatformAdmin ? 'platform_admin' : (role ?? '');

const cookieName = 'arkloop_refresh_token';

/** In production browsers never send it over plain HTTP, even where the hop to this process is plain and names no protocol. */
const cookie = ({ app, origin }: Pick<RequestScope, 'app' | 'origin'>, value: string, seconds: number, expires: number) => {
  const isSecure = origin.secure || app.config.env === 'production';
  const fixed = `Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${seconds}; Expires=${new Date(expires).toUTCString()}`;
  return { 'set-cookie': `${cookieName}=${value}; ${fixed}${isSecure ? '; Secure' : ''}` };
};

/** The header that keeps a session in the browser (identity 2.4). */
export const sessionCookie = (scope: RequestScope, token: string) => {
  const life = scope.app.config.authRefreshTokenTtlSeconds;
  return cookie(scope, token, life, Date.now() + life * 1_000);
};

/** The header that takes it away. */
export const clearedCookie = (scope: Pick<RequestScope, 'app' | 'origin'>) => cookie(scope, '', 0, 0);

/** The refresh tokens of a Cookie header. More than one means that another site planted one, and neither order nor attributes tell which. */
export const readCookies = (header: string | undefined): string[] =>
  (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`))
    .map((part) => part.slice(cookieName.length + 1));
