import type { Unreadiness } from '../../contract/health.ts';
import type { RequestContext } from './requestContext.ts';
import { sendProbeResponse } from './responses.ts';
import { fetchReadiness, type ReadinessResponse } from './upstream/fetchReadiness.ts';
import type { UpstreamPool } from './upstream/upstreamPool.ts';

/** Returns the API's `/readyz` response, or 503 if the API does not respond in time or this gateway is not ready (`reason`). */
export function sendReadiness(pool: UpstreamPool, reason: string | undefined, context: RequestContext) {
  if (reason !== undefined) return unavailable(context, reason);
  readinessOf(pool).then(
    ({ status, body }) => sendProbeResponse(context, status, body),
    () => unavailable(context, 'upstream unreachable'),
  );
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
