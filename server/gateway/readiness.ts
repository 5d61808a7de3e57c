import { get } from 'node:http';
import { get as secureGet } from 'node:https';
import { json } from 'node:stream/consumers';
import { answerJson } from './answers.ts';
import type { Upstream } from './upstream.ts';
import type { Visit } from './visit.ts';

/** How long the API may take to say whether it is ready, in milliseconds. */
const patienceMs = 2_000;

/** Answer `/readyz` with what the API says, or with 503 when it says nothing in time or the gateway itself takes no requests. */
export function answerReadiness(upstream: Upstream, reason: string | undefined, { request: { method }, response, traceId }: Visit) {
  const headers = { 'x-trace-id': traceId };
  const unavailable = (reason: string) => answerJson(response, 503, { status: 'unavailable', reason }, headers);
  if (method !== 'GET' && method !== 'HEAD')
    return answerJson(response, 405, { status: 'method not allowed' }, { allow: 'GET, HEAD', ...headers });
  if (reason !== undefined) return unavailable(reason);
  ask(upstream).then(
    ({ status, body }) => answerJson(response, status, body, headers),
    () => unavailable('upstream unreachable'),
  );
}

/** A connection of its own, so that the answer tells about new connections too. */
function ask({ url }: Upstream) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: object }>();
  const start = url.protocol === 'https:' ? secureGet : get;
  const target = new URL(`${url.pathname.replace(/\/$/, '')}/readyz`, url);
  const asking = start(target, { agent: false, signal: AbortSignal.timeout(patienceMs) }, (answer) => {
    json(answer).then((body) => resolve({ status: answer.statusCode ?? 503, body: body as object }), reject);
  });
  asking.on('error', reject);
  return promise;
}
