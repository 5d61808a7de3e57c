import { mcpPath } from '../../contract/mcp.ts';
import { type LimiterKey, limiterKeyOf } from '../platform/limiterKey.ts';
import { rateLimitAddress } from '../platform/network/clientAddress.ts';
import { anonymous, type Identity } from './caller/identity.ts';
import type { IpFilter } from './caller/ipFilter.ts';
import { riskOf } from './caller/risk.ts';
import { isPreflight } from './cors.ts';
import type { LiveConfig } from './liveConfig.ts';
import { type Buckets, rateHeaders } from './rateLimits/buckets.ts';
import type { RequestContext } from './requestContext.ts';
import { sendError } from './responses.ts';
import { forward, type ForwardLimits, maxBodyBytes } from './upstream/forward.ts';
import { framingErrorOf } from './upstream/framing.ts';
import type { Upstream } from './upstream/upstream.ts';

export type RequestDependencies = {
  identify(authorization: string | undefined): Promise<Identity>;
  isBlocked: IpFilter;
  buckets: Buckets;
  limits: ForwardLimits;
  api: Upstream;
  /** Serves all paths that are not of the API, if configured. */
  frontend: Upstream | undefined;
};

export async function handleRequest(parts: RequestDependencies, rules: LiveConfig, visit: RequestContext): Promise<void> {
  const { request, response } = visit;
  const flaw = framingErrorOf(request);
  if (flaw) return sendError(visit, flaw);
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return sendError(visit, 'too_large');
  if (isPreflight(request)) return void response.writeHead(204, { 'x-trace-id': visit.traceId, ...visit.headers }).end();
  visit.identity = await parts.identify(request.headers.authorization);
  visit.risk = riskOf({ ...visit, isAnonymous: visit.identity === anonymous });
  if (await parts.isBlocked(visit)) return sendError(visit, 'forbidden', 'ip_blocked');
  if (!(await takeToken(parts.buckets, rules, visit))) return sendError(visit, 'rate_limited', 'request_rate');
  if (rules.riskRejectThreshold > 0 && visit.risk >= rules.riskRejectThreshold) return sendError(visit, 'forbidden', 'risk_rejected');
  const upstream = isApiPath(visit.path) ? parts.api : parts.frontend;
  if (!upstream) return sendError(visit, 'not_found');
  forward(upstream, visit, parts.limits);
}

export const isApiPath = (path: string): boolean => path === '/v1' || path.startsWith('/v1/') || path === mcpPath;

async function takeToken(buckets: Buckets, { rate }: LiveConfig, visit: RequestContext): Promise<boolean> {
  const taken = await buckets.take(bucketsOf(visit), rate);
  Object.assign(visit.headers, rateHeaders(taken));
  return taken.granted;
}

/**
 * Counted per account and per user, so that additional accounts of a user do not raise the limit. A service key has a bucket for each address,
 * because the API checks only later whether the key accepts the address: a stolen secret cannot use up the requests of the program.
 */
const bucketsOf = ({ identity, ip }: RequestContext): LimiterKey[] =>
  identity === anonymous
    ? [limiterKeyOf('ip', rateLimitAddress(ip))]
    : identity.serviceKeyId
      ? [limiterKeyOf('service_key', identity.serviceKeyId, rateLimitAddress(ip))]
      : [limiterKeyOf('account', identity.accountId), limiterKeyOf('user', identity.userId)];
