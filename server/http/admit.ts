import { parse } from 'node:querystring';
import type { Request, Response } from 'express';
import { namesAccount, type ParsedInput } from '../../contract/shared/input.ts';
import type { Demand, Policy } from '../../contract/shared/policy.ts';
import { isIdempotent } from '../../contract/shared/policy.ts';
import type { Route } from '../../contract/shared/route.ts';
import type { Admitted, Grant, Reach } from '../kernel/access.ts';
import type { App } from '../kernel/app.ts';
import { Failure, refuse } from '../kernel/failure.ts';
import type { Actor, Origin } from '../kernel/scope.ts';
import { writeDenial } from './audit.ts';
import { checkSize } from './body.ts';
import type { Caller } from './caller.ts';
import { checkHost } from './hosts.ts';
import { readKey } from './idempotency.ts';
import { readInput } from './input.ts';
import { checkOrigin } from './origin.ts';
import { traceOf } from './trace.ts';

/** A request that may go on to its handler, with what was learned on the way. */
export type Admission = ParsedInput & {
  origin: Origin;
  caller: Caller;
  actor: Actor | undefined;
  grant: Grant | undefined;
  /** The grant as it is now; throws as the admission does. */
  grantNow(): Promise<Grant | undefined>;
  idempotencyKey: string | undefined;
};

/** The first checks of the order in the specification (identity 0.3): who, from where, in which account, with which right to read. */
export async function admit(
  app: App,
  route: Route,
  rawParams: Record<string, string>,
  req: Request,
  res: Response,
  caller: Caller,
): Promise<Admission> {
  checkSize(route, req);
  const { auth, origin: guarded, ownHost = false, read, audit } = route.metadata;
  await checkHost(app, caller.host, ownHost);
  if (guarded) checkOrigin(req, await ownOrigins(app, caller));
  const { ip, secure, forwarded } = caller;
  const origin = { traceId: traceOf(res), ip, userAgent: req.headers['user-agent']?.slice(0, 512) ?? null, secure, forwarded };
  const fromPath = namesAccount(route) ? rawParams.account_id : undefined;
  const wanted = accountWanted(fromPath ?? req.headers['x-account-id']);
  const admitted =
    auth === 'public' || bringsSecret(route, req) ? undefined : await app.access.authenticate(req.headers.authorization, wanted);
  try {
    if (admitted?.actor.apiKeyId && auth !== 'user+key') throw refuse('forbidden', 'api_key_not_allowed', 'An API key cannot do this.');
    const input = readInput(route, rawParams, req);
    const idempotencyKey = isIdempotent(route) ? readKey(req.headers['idempotency-key']) : undefined;
    const actor = admitted?.actor;
    const grantTo = async ({ grantFor }: Admitted) => {
      const grant = await grantFor(fromPath ? input.params.account_id : input.accountId, reachOf(route));
      await demandAddress(app, grant, ip);
      if (!isExcused(route, { ...input, actor, grant })) demand(grant, auth === 'platform' ? 'platform.admin' : read);
      return grant;
    };
    const grant = admitted && (await grantTo(admitted));
    const grantNow = async () => grant && grantTo(await app.access.authenticate(req.headers.authorization, wanted));
    return { ...input, origin, caller, actor, grant, grantNow, idempotencyKey };
  } catch (error) {
    if (admitted) await noteRefusal(app, audit, admitted, wanted, origin, error);
    throw error;
  }
}

/** Throws 403 where the account keeps the caller's address out; its rules are not for admins of the platform, nor for who does not belong to it. */
async function demandAddress({ ipRules }: App, { accountId, role, isPlatformAdmin }: Grant, ip: string) {
  if (role !== null && !isPlatformAdmin && (await ipRules.refuse(accountId, ip)))
    throw refuse('forbidden', 'ip_blocked', 'This account does not let your address in.');
}

/** Whether the query names the secret that stands for a credential. */
const bringsSecret = ({ metadata: { openWith } }: Route, { url }: Request) =>
  openWith !== undefined && url.includes('?') && Object.hasOwn({ ...parse(url.slice(url.indexOf('?') + 1)) }, openWith);

/** Who can use a route in an account. */
const reachOf = (route: Route): Reach =>
  route.metadata.account === 'optional'
    ? 'anybody'
    : namesAccount(route) && route.metadata.or === 'platform.admin'
      ? 'member or platform.admin'
      : 'member';

/** Whether what the route demands is not demanded of this caller. Who owns a thing is for its service to say. */
export const isExcused = ({ metadata: { or } }: Route, { params, actor, grant }: Pick<Admission, 'params' | 'actor' | 'grant'>) =>
  or === 'self' ? params.user_id === actor?.userId : or === 'platform.admin' && grant?.isPlatformAdmin === true;

/** A foreign account is told to the log only: an entry in its audit log would be the caller's way into it. */
async function noteRefusal(
  app: App,
  audit: Policy['audit'],
  { actor, claimedAccountId }: Admitted,
  wanted: string | undefined,
  origin: Origin,
  error: unknown,
) {
  const { userId: actorId, apiKeyId } = actor;
  if (wanted !== undefined && error instanceof Failure && error.failure === 'not_found')
    app.log.warn(
      { deny_reason: 'account_mismatch', account_id: wanted, actor_user_id: actorId, trace_id: origin.traceId },
      'a foreign account was named',
    );
  // A key is refused before its account is compared with the one that was named.
  const accountId = apiKeyId ? claimedAccountId : (wanted ?? claimedAccountId);
  await writeDenial(app, audit, { origin, actorId, apiKeyId, accountId, targetId: null }, error);
}

const ownOrigins = async ({ config, baseUrl }: App, { host, secure }: Caller) => ({
  allowed: config.gatewayCorsAllowedOrigins,
  self: [`${secure ? 'https' : 'http'}://${host}`, new URL(await baseUrl()).origin],
});

/** Only a well-formed id is worth a lookup; a malformed one is refused with the other syntax errors. */
const accountWanted = (id: string | string[] | undefined) =>
  typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : undefined;

/** Throws 403 unless the permissions are held: all of a list, or the one for the scope that the request names. */
export function demand(grant: Grant, wanted: Demand | undefined, scope: unknown = 'account'): void {
  if (wanted === undefined) return;
  if (typeof wanted === 'string') demandOne(grant, wanted);
  else if (isList(wanted)) for (const permission of wanted) demandOne(grant, permission);
  else demandOne(grant, scope === 'platform' ? wanted.platform : wanted.account);
}
const isList = (wanted: Demand): wanted is Extract<Demand, readonly unknown[]> => Array.isArray(wanted);

function demandOne({ permissions }: Grant, permission: string) {
  if (!permissions.has(permission) && !(permission.startsWith('platform.') && permissions.has('platform.admin')))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission });
}

/** Where the scope travels in the body, whoever holds neither permission is refused before the body is read. */
export function demandEither(grant: Grant, wanted: Demand | undefined): void {
  if (wanted === undefined || typeof wanted === 'string' || isList(wanted)) demand(grant, wanted);
  else if (!grant.permissions.has(wanted.account))
    demandOne(grant, wanted.platform === 'platform.admin' && grant.isPlatformAdmin ? wanted.platform : wanted.account);
}

/** 503 for what would only pile up. */
export const overloaded = () => new Failure('unavailable', 'Too many requests at once.', { reason: 'overloaded' }, { 'retry-after': '1' });
