import type { Unreadiness } from '../../contract/health.ts';
import { cacheAnswer, type CachedAnswer } from '../platform/cachedAnswer.ts';
import type { RequestContext } from './requestContext.ts';
import { sendProbeResponse } from './responses.ts';
import { fetchReadiness, type ReadinessResponse } from './upstream/fetchReadiness.ts';
import type { UpstreamPool } from './upstream/upstreamPool.ts';

/** Asks the upstreams for `/readyz` each second, from the first probe on. */
export const monitorReadiness = (pool: UpstreamPool): CachedAnswer<ReadinessResponse> => cacheAnswer(() => readinessOf(pool));

/** Returns the API's last `/readyz` response, or 503 if the API does not respond or this gateway is not ready (`reason`). */
export function sendReadiness(monitor: CachedAnswer<ReadinessResponse>, reason: string | undefined, context: RequestContext) {
  if (reason !== undefined) return unavailable(context, reason);
  const respond = (known?: ReadinessResponse) =>
    known ? sendProbeResponse(context, known.status, known.body) : unavailable(context, 'upstream unreachable');
  monitor.current().then(respond, () => respond());
}

const unavailable = (context: RequestContext, reason: string) =>
  sendProbeResponse(context, 503, { status: 'unavailable', reason } satisfies Unreadiness);

/** Ready if one of the upstreams is. */
async function readinessOf(pool: UpstreamPool): Promise<ReadinessResponse> {
  const responses = pool.all().map(fetchReadiness);
  const isReady = async (response: Promise<ReadinessResponse>) => {
    const found = await response;
    if (found.status !== 200) throw new Error('not ready');
    return found;
  };
  // Several responses without a ready one: the first that came at all, with its reason.
  return await Promise.any(responses.map(isReady)).catch(() => Promise.any(responses));
}
