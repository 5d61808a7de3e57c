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
import type { RequestedAccountReader } from './rateLimits/requestedAccount.ts';
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
  requestedAccount: RequestedAccountReader;
  accountLimits: AccountLimitsReader | undefined;
  maintenanceFile: MaintenanceFile;
  hasBench: boolean;
  api: UpstreamPool;
  /** Serves all paths that are not of the API, if configured. */
  frontend: UpstreamPool | undefined;
};

export async function handleRequest(dependencies: RequestDependencies, config: LiveConfig, context: RequestContext): Promise<void> {
  const { request, response } = context;
  const flaw = framingErrorOf(request);
  if (flaw) return sendError(context, flaw);
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return sendError(context, 'too_large');
  if (isPreflight(request)) return void response.writeHead(204, { 'x-trace-id': context.traceId, ...context.headers }).end();
  context.identity = await dependencies.identify(request.headers.authorization);
  if (isInMaintenance(dependencies.maintenanceFile, config.maintenance, context)) {
    context.headers['retry-after'] = `${config.maintenance.retryAfterSeconds}`;
    return sendError(context, 'unavailable', 'maintenance');
  }
  context.risk = riskOf({ ...context, isAnonymous: context.identity === anonymous });
  if (await dependencies.isBlocked(context)) return sendError(context, 'forbidden', 'ip_blocked');
  const exceeded = await takeToken(dependencies, config, context);
  if (exceeded) return sendError(context, 'rate_limited', 'request_rate', exceeded);
  if (config.riskRejectThreshold > 0 && context.risk >= config.riskRejectThreshold) return sendError(context, 'forbidden', 'risk_rejected');
  if (dependencies.hasBench && isBench(context)) return sendBench(context);
  const upstream = isApiPath(context.path) ? dependencies.api : dependencies.frontend;
  if (!upstream) return sendError(context, 'not_found');
  forward(upstream, context, dependencies.limits);
}

export const isApiPath = (path: string): boolean => path === '/v1' || path.startsWith('/v1/') || path === mcpPath;

/** Undefined if a token was taken from all buckets, or else the details of the limit that is exceeded. */
async function takeToken({ buckets, requestedAccount, accountLimits }: RequestDependencies, config: LiveConfig, context: RequestContext) {
  const { identity } = context;
  const requested = requestedAccount(context);
  const accountId = typeof requested === 'string' ? requested : await requested;
  const account = accountId === '' ? undefined : (accountLimits?.cached(accountId) ?? (await accountLimits?.read(accountId)));
  const caller = accountId === identity.accountId ? context : { ...context, identity: { ...identity, accountId } };
  const taken = await buckets.take(bucketsOf(caller, config, account));
  Object.assign(context.headers, rateHeaders(taken));
  return taken.granted ? undefined : exceededLimit(taken);
}

/** The path of a response that measures the gateway alone: it passes everything that a request passes before it is forwarded. */
const benchPath = '/benchz';

const isBench = ({ path, ip }: RequestContext) => path === benchPath && isLoopback(ip);

function sendBench({ response, headers, traceId }: RequestContext) {
  response.writeHead(200, { ...headers, 'content-type': 'text/plain', 'content-length': 2, 'x-trace-id': traceId }).end('ok');
}
