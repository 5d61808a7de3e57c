import { get } from 'node:http';
import { get as secureGet } from 'node:https';
import { json } from 'node:stream/consumers';
import { health, type Unreadiness } from '../../contract/health.ts';
import type { RequestContext } from './requestContext.ts';
import { sendProbeResponse } from './responses.ts';
import type { Upstream } from './upstream/upstream.ts';

/** Timeout for the API's readiness response, in milliseconds. */
const timeoutMs = 2_000;

/** Returns the API's `/readyz` response, or 503 if the API does not respond in time or this gateway is not ready (`reason`). */
export function sendReadiness(upstream: Upstream, reason: string | undefined, visit: RequestContext) {
  if (reason !== undefined) return unavailable(visit, reason);
  fetchReadiness(upstream).then(
    ({ status, body }) => sendProbeResponse(visit, status, body),
    () => unavailable(visit, 'upstream unreachable'),
  );
}

const unavailable = (visit: RequestContext, reason: string) =>
  sendProbeResponse(visit, 503, { status: 'unavailable', reason } satisfies Unreadiness);

/** Uses a new connection, to check that the API accepts one. */
function fetchReadiness({ url }: Upstream) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: 200 | 503; body: object }>();
  const start = url.protocol === 'https:' ? secureGet : get;
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${health.ready.path}`, url);
  const asking = start(target, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
    json(answer).then((body) => resolve({ status: answer.statusCode === 200 ? 200 : 503, body: body as object }), reject);
  });
  asking.on('error', reject);
  return promise;
}
