import { mcpPath } from '../../contract/mcp.ts';
import { isLoopback } from '../platform/network/addresses.ts';
import { anonymous, type Identity } from './caller/identity.ts';
import type { IpFilter } from './caller/ipFilter.ts';
import { riskOf } from './caller/risk.ts';
import { isPreflight } from './cors.ts';
import type { LiveConfig } from './liveConfig.ts';
import { isInMaintenance, type MaintenanceFile } from './maintenance.ts';
import type { AccountLimitsReader } from './rateLimits/accountLimits.ts';
import { type Buckets, exceededLimit, rateHeaders } from './rateLimits/buckets.ts';
import { bucketsOf } from './rateLimits/rateLimitRules.ts';
import type { RequestContext } from './requestContext.ts';
import { sendError } from './responses.ts';
import { forward, type ForwardLimits, maxBodyBytes } from './upstream/forward.ts';
import { framingErrorOf } from './upstream/framing.ts';
import type { UpstreamPool } from './upstream/upstreamPool.ts';

export type RequestDependencies = {
  identify(authorization: string | undefined): Promise<Identity>;
  isBlocked: IpFilter;
  buckets: Buckets;
  limits: ForwardLimits;
  accountLimits: AccountLimitsReader | undefined;
  maintenanceFile: MaintenanceFile;
  hasBench: boolean;
  api: UpstreamPool;
  /** Serves all paths that are not of the API, if configured. */
  frontend: UpstreamPool | undefined;
};

export async function handleRequest(parts: RequestDependencies, rules: LiveConfig, visit: RequestContext): Promise<void> {
  const { request, response } = visit;
  const flaw = framingErrorOf(request);
  if (flaw) return sendError(visit, flaw);
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return sendError(visit, 'too_large');
  if (isPreflight(request)) return void response.writeHead(204, { 'x-trace-id': visit.traceId, ...visit.headers }).end();
  visit.identity = await parts.identify(request.headers.authorization);
  if (isInMaintenance(parts.maintenanceFile, rules.maintenance, visit)) {
    visit.headers['retry-after'] = `${rules.maintenance.retryAfterSeconds}`;
    return sendError(visit, 'unavailable', 'maintenance');
  }
  visit.risk = riskOf({ ...visit, isAnonymous: visit.identity === anonymous });
  if (await parts.isBlocked(visit)) return sendError(visit, 'forbidden', 'ip_blocked');
  const exceeded = await takeToken(parts, rules, visit);
  if (exceeded) return sendError(visit, 'rate_limited', 'request_rate', exceeded);
  if (rules.riskRejectThreshold > 0 && visit.risk >= rules.riskRejectThreshold) return sendError(visit, 'forbidden', 'risk_rejected');
  if (parts.hasBench && isBench(visit)) return sendBench(visit);
  const upstream = isApiPath(visit.path) ? parts.api : parts.frontend;
  if (!upstream) return sendError(visit, 'not_found');
  forward(upstream, visit, parts.limits);
}

export const isApiPath = (path: string): boolean => path === '/v1' || path.startsWith('/v1/') || path === mcpPath;

/** Undefined if a token was taken from all buckets, or else the details of the limit that is exceeded. */
async function takeToken({ buckets, accountLimits }: RequestDependencies, rules: LiveConfig, visit: RequestContext) {
  const { accountId } = visit.identity;
  const account = accountId === '' ? undefined : (accountLimits?.cached(accountId) ?? (await accountLimits?.read(accountId)));
  const taken = await buckets.take(bucketsOf(visit, rules, account));
  Object.assign(visit.headers, rateHeaders(taken));
  return taken.granted ? undefined : exceededLimit(taken);
}

/** The path of a response that measures the gateway alone: it passes everything that a request passes before it is forwarded. */
const benchPath = '/benchz';

const isBench = ({ path, ip }: RequestContext) => path === benchPath && isLoopback(ip);

function sendBench({ response, headers, traceId }: RequestContext) {
  response.writeHead(200, { ...headers, 'content-type': 'text/plain', 'content-length': 2, 'x-trace-id': traceId }).end('ok');
}
