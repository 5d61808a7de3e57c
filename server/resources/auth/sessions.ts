import type { AccessGrant } from '../../../contract/auth.ts';
import { issueAccessToken } from '../../kernel/accessTokens.ts';
import type { App } from '../../kernel/app.ts';
import { newId, newToken, sha256 } from '../../kernel/ids.ts';
import type { Origin, RequestScope } from '../../kernel/scope.ts';
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

const cookie = ({ secure }: Origin, value: string, seconds: number, expires: number) => {
  const fixed = `Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=${seconds}; Expires=${new Date(expires).toUTCString()}`;
  return { 'set-cookie': `${cookieName}=${value}; ${fixed}${secure ? '; Secure' : ''}` };
};

/** The header that keeps a session in the browser (identity 2.4). */
export const sessionCookie = ({ app, origin }: RequestScope, token: string) => {
  const life = app.config.authRefreshTokenTtlSeconds;
  return cookie(origin, token, life, Date.now() + life * 1_000);
};

/** The header that takes it away. */
export const clearedCookie = ({ origin }: Pick<RequestScope, 'origin'>) => cookie(origin, '', 0, 0);

/** The refresh token of a Cookie header; the browser sends the one with the longest path first. */
export function readCookie(header: string | undefined): string | undefined {
  const pair = header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookieName}=`));
  return pair?.slice(cookieName.length + 1) || undefined;
}
