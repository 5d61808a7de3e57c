import { hasAccountInPath } from '../../../contract/shared/input.ts';
import { permissionsOf, platformPermissions } from '../../../contract/shared/permissions.ts';
import { needsSecondFactor, type RequiredPermission, requiredPermissionsOf, serviceScopesOf } from '../../../contract/shared/policy.ts';
import type { Route } from '../../../contract/shared/route.ts';
import type { Caller, Engine } from '../context.ts';
import { resourceType } from '../resourceTypes.ts';
import type { Json, Session, User } from '../state.ts';
import { apiError, MockApiError, notFound } from './errors.ts';
import { isLoopback } from './loopback.ts';

const accounts = resourceType('/v1/accounts');
const apiKeys = resourceType('/v1/api-keys');
const serviceKeys = resourceType('/v1/admin/service-keys');
const settings = resourceType('/v1/admin/platform-settings');

/** Token lifetimes in seconds. */
export const lifetimes = { access: 900, refresh: 2_592_000 };

/** `key` is the row of an API key, `serviceKey` that of a service key. */
export type Credential = { user: User; accountId: string; session: Session | undefined; key: Json | undefined; serviceKey?: Json };

const unauthenticated = (reason: string, message: string) => apiError('unauthenticated', reason, message);
const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const signature = 'mock';

/** An unsigned JWT with the claims of a real access token. */
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

/** Allows the origins of the mocked server, localhost, the allowed origins, and requests without Origin to use the session cookie. Throws 403. */
export function checkOrigin({ allowedOrigins }: Pick<Engine, 'allowedOrigins'>, { headers }: Request, self: URL) {
  const origin = headers.get('origin');
  if (origin !== null && ![self.origin, ...allowedOrigins].includes(origin) && !isLoopback(origin))
    throw apiError(
      'forbidden',
      'origin_not_allowed',
      "This origin is neither the server's own nor one of ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS.",
    );
}

/** Throws 401. */
export function authenticate(engine: Engine, authorization: string | null): Credential {
  if (!authorization) throw unauthenticated('missing_token', 'Present a token.');
  const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) throw unauthenticated('invalid_authorization', 'Authorization must be `Bearer <token>`.');
  if (/^als_/i.test(token)) return byServiceKey(engine, token);
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

function byKey(engine: Engine, token: string): Credential {
  const { user, row } = keyOf(engine, apiKeys, token);
  return { user, accountId: row.account_id as string, session: undefined, key: row };
}

/** Addresses and rates of service keys are not checked: mocks have neither clients nor load. */
function byServiceKey(engine: Engine, token: string): Credential {
  const { user, row } = keyOf(engine, serviceKeys, token);
  if (!user.isAdmin) throw unauthenticated('invalid_token', 'The key is not valid.');
  return { user, accountId: '', session: undefined, key: undefined, serviceKey: row };
}

function keyOf({ state, time, now }: Engine, kind: typeof apiKeys, token: string): { user: User; row: Json } {
  const [row] = state.rows(kind, ({ value }) => (value.key === token || value.previous_key === token) && value.revoked_at === null);
  const isPrevious = row?.value.key !== token;
  const user = row && state.users.get((isPrevious ? (row.value.previous_user_id ?? row.value.user_id) : row.value.user_id) as string);
  if (user?.status !== 'active') throw unauthenticated('invalid_token', 'The key is not valid.');
  const { expires_at, previous_secret_expires_at } = row!.value;
  for (const end of [expires_at, isPrevious ? (previous_secret_expires_at ?? time()) : null])
    if (typeof end === 'string' && Date.parse(end) <= now()) throw unauthenticated('key_expired', `The key expired at ${end}.`);
  row!.value.last_used_at = time();
  return { user, row: row!.value };
}

export const accountSuspended = () => apiError('forbidden', 'account_suspended', 'This account is suspended.');

/** Resolves the account: the `named` one, else that of the credential. Throws 403 or 404. */
export function resolveCaller(engine: Engine, route: Route, credential: Credential, named: string | undefined): Caller {
  const { state } = engine;
  const { user, session, key, serviceKey } = credential;
  if (serviceKey) return resolveServiceKey(state, route, user, serviceKey, named);
  if (key && named !== undefined && named !== credential.accountId) throw notFound();
  const accountId = named ?? credential.accountId;
  const [account] = state.rows(accounts, (row) => row.owner === user.id && row.value.id === accountId);
  const isVisitor = user.isAdmin && hasAccountInPath(route) && route.metadata.exempt === 'platform.admin';
  if (!account && !isVisitor && route.metadata.account !== 'optional') {
    if (named !== undefined) throw notFound();
    throw apiError('forbidden', 'no_account_membership', 'You are no longer a member of this account.');
  }
  if (account && account.value.status !== 'active' && route.metadata.account !== 'optional') throw accountSuspended();
  if (account && lacksSecondFactor(engine, account.value, { user, session }) && needsSecondFactor(route.metadata))
    throw apiError('forbidden', 'second_factor_missing', 'This account needs a second factor: set one up, or use a passkey.');
  const ofRole = permissionsOf(String(account?.value.role ?? ''));
  const held = key ? ofRole.filter((permission) => key.inherits_permissions || (key.scopes as string[]).includes(permission)) : ofRole;
  const permissions = new Set([...held, ...(user.isAdmin && !key ? platformPermissions : [])]);
  return { user, accountId, session, permissions, ...(key && { apiKeyId: key.id as string }) };
}

/** A passkey that has opened or confirmed the session is enough, while the user has one. */
export function lacksSecondFactor(
  { state, now }: Engine,
  { second_factor_required_from: own }: Json,
  { user, session }: { user: User; session: Session | undefined },
): boolean {
  const [stored] = state.rows(settings, ({ value }) => value.key === 'auth.second_factor_required_from');
  const isRequired = [own, stored?.value.value].some((from) => typeof from === 'string' && Date.parse(from) <= now());
  return (
    session !== undefined &&
    isRequired &&
    !user.secondFactor?.enabledAt &&
    !(session.isConfirmed && Object.keys(user.passkeys ?? {}).length > 0)
  );
}

/** A service key acts in no account, except one in the path. Throws 404 for an unknown account, 403 without a scope of the route. */
function resolveServiceKey(
  state: Engine['state'],
  route: Route,
  user: User,
  { id, scopes: held }: Json,
  named: string | undefined,
): Caller {
  const isKnown = hasAccountInPath(route) && state.rows(accounts, ({ value }) => value.id === named).length > 0;
  if (named !== undefined && !isKnown) throw notFound();
  const scopes = serviceScopesOf(route.metadata);
  const isGranted = scopes.some((scope) => (held as string[]).includes(scope));
  if (!isGranted) throw new MockApiError('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: scopes[0] });
  return { user, accountId: named ?? '', session: undefined, permissions: new Set(held as string[]), serviceKeyId: id as string };
}

/** Throws 403 if the caller lacks the read permission. */
export const requireRead = (caller: Caller, { metadata }: Route, params: Record<string, string>) =>
  requirePermissions(caller, metadata.auth === 'platform' ? 'platform.admin' : metadata.read, { metadata }, params);

/** Throws 403 if the caller lacks the permission of the route. */
export const requirePermission = (caller: Caller, { metadata }: Route, params: Record<string, string>, scope: unknown) =>
  metadata.exempt === 'owner'
    ? undefined
    : requirePermissions(caller, metadata.permission, { metadata }, params, scope === 'platform' ? scope : 'account');

function requirePermissions(
  { permissions, user, serviceKeyId }: Caller,
  wanted: RequiredPermission | undefined,
  { metadata: { exempt } }: Pick<Route, 'metadata'>,
  { user_id: userId }: Record<string, string>,
  scope?: 'account' | 'platform',
) {
  if (
    wanted === undefined ||
    serviceKeyId !== undefined ||
    (exempt === 'self' && userId === user.id) ||
    (exempt === 'platform.admin' && user.isAdmin)
  )
    return;
  const lacking = requiredPermissionsOf({ auth: 'user', permission: wanted }, scope).find(
    (permission) => !permissions.has(permission) && !(permission.startsWith('platform.') && permissions.has('platform.admin')),
  );
  if (lacking) throw new MockApiError('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: lacking });
}
