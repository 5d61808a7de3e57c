import { parse } from 'node:querystring';
import type { Request, Response } from 'express';
import { hasAccountInPath } from '../../../contract/shared/input.ts';
import type { Policy, RequiredPermission } from '../../../contract/shared/policy.ts';
import { isIdempotent, needsSecondFactor, serviceScopesOf } from '../../../contract/shared/policy.ts';
import type { Route } from '../../../contract/shared/route.ts';
import { accountShare, anonymousShare, type Share, signInShare } from '../../database/connection/connectionShares.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import { Failure, failWith } from '../../platform/failure.ts';
import type { App } from '../app.ts';
import { checkSize } from '../body/body.ts';
import { writeDenial } from '../pipeline/audit.ts';
import { parseIdempotencyKey } from '../pipeline/idempotency.ts';
import { readInput } from '../pipeline/input.ts';
import type { AuthenticatedRequest, ClientInfo } from '../scope.ts';
import { traceIdOf } from '../tracing.ts';
import type { AccessScope, AccountAccess, VerifiedCredential } from './accessTypes.ts';
import type { Caller } from './caller.ts';
import { checkHost } from './host.ts';
import { checkOrigin } from './origin.ts';
import { serviceKeyNotAllowed } from './rejectServiceKey.ts';

/**
 * Runs the first checks, in this order: body size; host and origin (403); authentication (401); addresses (403) and limits (429) of the key; kind
 * of credential (403); syntax of path, query and headers (400); account (404, 403); IP rules (403); second factor (403); permission to read (403).
 */
export async function authenticateRequest(
  app: App,
  route: Route,
  rawParams: Record<string, string>,
  req: Request,
  res: Response,
  caller: Caller,
): Promise<AuthenticatedRequest> {
  const receivedAt = databaseDate();
  checkSize(route, req);
  const { auth, origin: guarded, trustedHostOnly = false, read, audit } = route.metadata;
  await checkHost(app, caller.host, trustedHostOnly);
  if (guarded) checkOrigin(req, await ownOrigins(app, caller));
  const { ip, secure, forwarded } = caller;
  const client = {
    receivedAt,
    traceId: traceIdOf(res),
    ip,
    userAgent: req.headers['user-agent']?.slice(0, 512) ?? null,
    secure,
    forwarded,
  };
  const fromPath = hasAccountInPath(route) ? rawParams.account_id : undefined;
  const wanted = accountWanted(fromPath ?? req.headers['x-account-id']);
  const admitted =
    auth === 'public' || hasQuerySecret(route, req) ? undefined : await app.accessControl.authenticate(req.headers.authorization, wanted);
  try {
    admitted?.checkAddress?.(ip);
    await admitted?.countRequest?.();
    if (admitted?.actor.apiKeyId && auth !== 'user+key') throw failWith('forbidden', 'api_key_not_allowed', 'An API key cannot do this.');
    if (admitted?.actor.serviceKeyId && serviceScopesOf(route.metadata).length === 0) throw serviceKeyNotAllowed();
    const input = readInput(route, rawParams, req);
    const idempotencyKey = isIdempotent(route) ? parseIdempotencyKey(req.headers['idempotency-key']) : undefined;
    const actor = admitted?.actor;
    const grantTo = async ({ accessTo }: VerifiedCredential) => {
      const access = await accessTo(fromPath ? input.params.account_id : input.accountId, accessScopeOf(route));
      await checkIpRules(app, access, ip);
      if (access.lacksSecondFactor && needsSecondFactor(route.metadata)) throw secondFactorMissing();
      if (actor?.serviceKeyId) requireServiceScope(access, route.metadata);
      else if (!isExempt(route, { ...input, actor, access })) requirePermission(access, auth === 'platform' ? 'platform.admin' : read);
      return access;
    };
    const access = admitted && (await grantTo(admitted));
    const recheckAccess: AuthenticatedRequest['recheckAccess'] = async (token) =>
      access && grantTo(await app.accessControl.authenticate(req.headers.authorization, wanted, token));
    return {
      ...input,
      client,
      caller,
      actor,
      access,
      share: shareOf(route, access?.accountId ?? actor?.userId),
      recheckAccess,
      idempotencyKey,
    };
  } catch (error) {
    if (admitted) await recordDenial(app, audit, admitted, wanted, client, error);
    throw error;
  }
}

/** Sign-ins have a share of their own, so that they work while other requests without a credential do not. */
function shareOf({ path }: Route, owner: string | undefined): Share {
  if (owner !== undefined) return accountShare(owner);
  return path.startsWith('/v1/auth/') ? signInShare : anonymousShare;
}

/** Throws 403 if the account's IP rules block the client. They do not apply to platform admins or to callers outside the account. */
async function checkIpRules({ ipRules }: App, { accountId, role, isPlatformAdmin }: AccountAccess, ip: string) {
  if (role !== null && !isPlatformAdmin && (await ipRules.isBlocked(accountId, ip)))
    throw failWith('forbidden', 'ip_blocked', 'This account does not let your address in.');
}

/** Whether the query contains the secret that replaces a credential. */
const hasQuerySecret = ({ metadata: { secretParam } }: Route, { url }: Request) =>
  secretParam !== undefined && url.includes('?') && Object.hasOwn({ ...parse(url.slice(url.indexOf('?') + 1)) }, secretParam);

const secondFactorMissing = () =>
  failWith('forbidden', 'second_factor_missing', 'This account needs a second factor: set one up, or use a passkey.');

const accessScopeOf = (route: Route): AccessScope =>
  route.metadata.account === 'optional'
    ? 'anybody'
    : hasAccountInPath(route) && route.metadata.exempt === 'platform.admin'
      ? 'member or platform.admin'
      : 'member';

/** Whether the caller is exempt from the route's permission. Ownership is checked by the service of the resource. */
export const isExempt = (
  { metadata: { exempt } }: Route,
  { params, actor, access }: Pick<AuthenticatedRequest, 'params' | 'actor' | 'access'>,
) => (exempt === 'self' ? params.user_id === actor?.userId : exempt === 'platform.admin' && access?.isPlatformAdmin === true);

/**
 * Some denials are only logged. An audit entry for access to a foreign account would let the caller write to that account's audit log. Requests from
 * addresses that a service key does not accept are not counted, so whoever has its secret could write any number of entries.
 */
async function recordDenial(
  app: App,
  audit: Policy['audit'],
  { actor, claimedAccountId }: VerifiedCredential,
  wanted: string | undefined,
  client: ClientInfo,
  error: unknown,
) {
  const { userId: actorId, apiKeyId, serviceKeyId } = actor;
  const who = serviceKeyId ? { actor_user_id: null, service_key_id: serviceKeyId } : { actor_user_id: actorId };
  const logDenial = (deny_reason: string, about: object, message: string) =>
    app.log.warn({ deny_reason, ...about, ...who, trace_id: client.traceId }, message);
  if (wanted !== undefined && error instanceof Failure && error.failure === 'not_found')
    logDenial('account_mismatch', { account_id: wanted }, 'a foreign account was named');
  if (serviceKeyId && error instanceof Failure && error.details.reason === 'ip_blocked')
    return logDenial('ip_blocked', { ip: client.ip }, 'a service key was used from an address that it does not accept');
  // Use the account of an API key: a key may be rejected before its account is compared with the requested one.
  const accountId = serviceKeyId ? null : apiKeyId ? claimedAccountId : (wanted ?? claimedAccountId);
  await writeDenial(app, audit, { client, actorId, apiKeyId, serviceKeyId, accountId, targetId: null }, error);
}

const ownOrigins = async ({ config, baseUrl }: App, { host, secure }: Caller) => ({
  allowed: config.gatewayCorsAllowedOrigins,
  self: [`${secure ? 'https' : 'http'}://${host}`, new URL(await baseUrl()).origin],
});

/** Undefined for a malformed id, which is rejected later with the other syntax errors. */
const accountWanted = (id: string | string[] | undefined) =>
  typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : undefined;

/** Throws 403 unless the caller has the permissions: all of a list, or the one for the requested scope. */
export function requirePermission(grant: AccountAccess, wanted: RequiredPermission | undefined, scope: unknown = 'account'): void {
  if (wanted === undefined) return;
  if (typeof wanted === 'string') requireOnePermission(grant, wanted);
  else if (isList(wanted)) for (const permission of wanted) requireOnePermission(grant, permission);
  else requireOnePermission(grant, scope === 'platform' ? wanted.platform : wanted.account);
}

/** Throws 403 unless a service key has one of the scopes with which it may call the route. */
function requireServiceScope({ permissions }: AccountAccess, policy: Policy) {
  const scopes = serviceScopesOf(policy);
  if (!scopes.some((scope) => permissions.has(scope)))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission: scopes[0] });
}

const isList = (wanted: RequiredPermission): wanted is Extract<RequiredPermission, readonly unknown[]> => Array.isArray(wanted);

function requireOnePermission({ permissions }: AccountAccess, permission: string) {
  if (!permissions.has(permission) && !(permission.startsWith('platform.') && permissions.has('platform.admin')))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission });
}

/** For routes with the scope in the body: rejects callers with neither permission before the body is read. */
export function requireEitherPermission(grant: AccountAccess, wanted: RequiredPermission | undefined): void {
  if (wanted === undefined || typeof wanted === 'string' || isList(wanted)) requirePermission(grant, wanted);
  else if (!grant.permissions.has(wanted.account))
    requireOnePermission(grant, wanted.platform === 'platform.admin' && grant.isPlatformAdmin ? wanted.platform : wanted.account);
}

/** 503 for a request above a concurrency limit. */
export const overloaded = () => new Failure('unavailable', 'Too many requests at once.', { reason: 'overloaded' }, { 'retry-after': '1' });
