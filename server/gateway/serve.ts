import { type Bucket, bucketOf } from '../kernel/bucket.ts';
import { rateLimitAddress } from '../kernel/clientAddress.ts';
import { refuse } from './answers.ts';
import { type Buckets, rateHeaders } from './buckets.ts';
import { isPreflight } from './cors.ts';
import { type ForwardLimits, forward, largestBody } from './forward.ts';
import { flawOf } from './framing.ts';
import { anonymous, type Identity } from './identity.ts';
import type { IpFilter } from './ipFilter.ts';
import type { Rules } from './live.ts';
import { riskOf } from './risk.ts';
import type { Upstream } from './upstream.ts';
import type { Visit } from './visit.ts';

/** What the way of a request through the gateway needs. */
export type Parts = {
  identify(authorization: string | undefined): Promise<Identity>;
  keepsOut: IpFilter;
  buckets: Buckets;
  limits: ForwardLimits;
  api: Upstream;
  /** What serves paths beside the API's, if anything does. */
  frontend: Upstream | undefined;
};

/** The path of a request, top to bottom (platform 13). */
export async function serve(parts: Parts, rules: Rules, visit: Visit): Promise<void> {
  const { request, response } = visit;
  const flaw = flawOf(request);
  if (flaw) return refuse(visit, flaw);
  if (Number(request.headers['content-length'] ?? 0) > largestBody) return refuse(visit, 'too_large');
  if (isPreflight(request)) return void response.writeHead(204, { 'x-trace-id': visit.traceId, ...visit.headers }).end();
  visit.identity = await parts.identify(request.headers.authorization);
  visit.risk = riskOf({ ...visit, isAnonymous: visit.identity === anonymous });
  if (await parts.keepsOut(visit)) return refuse(visit, 'forbidden', 'ip_blocked');
  if (!(await takeToken(parts.buckets, rules, visit))) return refuse(visit, 'rate_limited', 'request_rate');
  if (rules.rejectFrom > 0 && visit.risk >= rules.rejectFrom) return refuse(visit, 'forbidden', 'risk_rejected');
  const upstream = isOfApi(visit.path) ? parts.api : parts.frontend;
  if (!upstream) return refuse(visit, 'not_found');
  forward(upstream, visit, parts.limits);
}

/** Whether a path is the API's. */
export const isOfApi = (path: string): boolean => path === '/v1' || path.startsWith('/v1/');

async function takeToken(buckets: Buckets, { rate }: Rules, visit: Visit): Promise<boolean> {
  const taken = await buckets.take(bucketsOf(visit), rate);
  Object.assign(visit.headers, rateHeaders(taken));
  return taken.granted;
}

/** By account and by user, so that further accounts of a user do not widen the limit. */
const bucketsOf = ({ identity, ip }: Visit): Bucket[] =>
  identity === anonymous
    ? [bucketOf('ip', rateLimitAddress(ip))]
    : [bucketOf('account', identity.accountId), bucketOf('user', identity.userId)];
