import { namesAccount } from '../../contract/shared/input.ts';
import { permissionsOf, platformPermissions } from '../../contract/shared/permissions.ts';
import { type Demand, demandsOf } from '../../contract/shared/policy.ts';
import type { Route } from '../../contract/shared/route.ts';
import type { Caller, Engine } from './context.ts';
import { kindOf } from './kinds.ts';
import { notFound, Refusal, refuse } from './refusal.ts';
import type { Json, Session, User } from './state.ts';

const accounts = kindOf('/v1/accounts');
const apiKeys = kindOf('/v1/api-keys');

/** How long an access token and a refresh token last, in seconds. */
export const lifetimes = { access: 900, refresh: 2_592_000 };

/** Whoever a credential stands for. */
export type Credential = { user: User; accountId: string; session: Session | undefined; key: Json | undefined };

const unauthenticated = (reason: string, message: string) => refuse('unauthenticated', reason, message);
const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const signature = 'mock';

/** An access token that programs can read like a real one; nothing guards it. */
export function issueToken({ now }: Engine, { id: sid, userId: sub, accountId: account }: Session): string {
  const iat = now() / 1000;
  return [encode({ alg: 'none', typ: 'JWT' }), encode({ sub, sid, account, iat, exp: Math.floor(iat) + lifetimes.access }), signature].join(
    '.',
  );
}

type Claims = { sub: string; sid: string; account: string; exp: number };

function claimsOf(token: string): Claims | undefined {
  const [, claims = '', mark] = token.split('.');
  if (mark !== signature) return undefined;
  try {
    return JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))) as Claims;
  } catch {
    return undefined;
  }
}

/** Pages of this machine, whatever serves them. */
const isLocal = (origin: string) => /^https?:\/\/(?:(?:[\w-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(origin);

/** Only pages of the mocked server, of this machine or of an allowed origin, and programs that are no browser, may use the session cookie. Throws 403. */
export function checkOrigin({ allowedOrigins }: Engine, { headers }: Request, self: URL) {
  const origin = headers.get('origin');
  if (origin !== null && ![self.origin, ...allowedOrigins].includes(origin) && !isLocal(origin))
    throw refuse('forbidden', 'origin_not_allowed', 'This origin may not do that.');
}

/** The credential of a request. Throws 401. */
export function authenticate(engine: Engine, authorization: string | null): Credential {
  if (!authorization) throw unauthenticated('missing_token', 'Present a token.');
  const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) throw unauthenticated('invalid_authorization', 'Authorization must be `Bearer <token>`.');
  return /^al_/i.test(token) ? byKey(engine, token) : bySession(engine, token);
}

function bySession({ state, now }: Engine, token: string): Credential {
  const claims = claimsOf(token);
  const session = claims && state.sessions.get(claims.sid);
  const user = session && state.users.get(session.userId);
  if (!claims || !user || user.id !== claims.sub) throw unauthenticated('invalid_token', 'The token is not valid.');
  if (now() >= claims.exp * 1000) throw unauthenticated('token_expired', 'The token has expired.');
  if (session.ended) throw unauthenticated('session_revoked', 'The session has ended.');
  return { user, accountId: claims.account, session, key: undefined };
}

function byKey({ state, time }: Engine, token: string): Credential {
  const [row] = state.rows(apiKeys, ({ value }) => value.key === token && value.revoked_at === null);
  const user = row && state.users.get(row.value.user_id as string);
  if (!user) throw unauthenticated('invalid_token', 'The key is not valid.');
  row.value.last_used_at = time();
  return { user, accountId: row.value.account_id as string, session: undefined, key: row.value };
}

/** The caller in the account that is named, or else in that of the credential. Throws 403 or 404. */
export function grant({ state }: Engine, route: Route, credential: Credential, named: string | undefined): Caller {
  const { user, session, key } = credential;
  if (key && named !== undefined && named !== credential.accountId) throw notFound();
  const accountId = named ?? credential.accountId;
  const [account] = state.rows(accounts, (row) => row.owner === user.id && row.value.id === accountId);
  const isVisitor = user.isAdmin && namesAccount(route) && route.metadata.or === 'platform.admin';
  if (!account && !isVisitor && route.metadata.account !== 'optional') {
    if (named !== undefined) throw notFound();
    throw refuse('forbidden', 'no_account_membership', 'You are no longer a member of this account.');
  }
  const ofRole = permissionsOf(String(account?.value.role ?? ''));
  const held = key ? ofRole.filter((permission) => key.inherits_permissions || (key.scopes as string[]).includes(permission)) : ofRole;
  return { user, accountId, session, permissions: new Set([...held, ...(user.isAdmin && !key ? platformPermissions : [])]) };
}

/** Throws 403 when the caller lacks what it takes to read. */
export const demandRead = (caller: Caller, { metadata }: Route, params: Record<string, string>) =>
  demand(caller, metadata.auth === 'platform' ? 'platform.admin' : metadata.read, { metadata }, params);

/** Throws 403 when the caller lacks what it takes to do this. */
export const demandPermission = (caller: Caller, { metadata }: Route, params: Record<string, string>, scope: unknown) =>
  metadata.or === 'owner' ? undefined : demand(caller, metadata.permission, { metadata }, params, scope === 'platform' ? scope : 'account');

function demand(
  { permissions, user }: Caller,
  wanted: Demand | undefined,
  { metadata: { or } }: Pick<Route, 'metadata'>,
  { user_id: userId }: Record<string, string>,
  scope?: 'account' | 'platform',
) {
  if (wanted === undefined || (or === 'self' && userId === user.id) || (or === 'platform.admin' && user.isAdmin)) return;
  const lacking = demandsOf({ auth: 'user', permission: wanted }, scope).find(
    (permission) => !permissions.has(permission) && !(permission.startsWith('platform.') && permissions.has('platform.admin')),
  );
  if (lacking) throw new Refusal('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: lacking });
}
