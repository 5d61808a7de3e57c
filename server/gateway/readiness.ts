import { get } from 'node:http';
import { get as secureGet } from 'node:https';
import { json } from 'node:stream/consumers';
import { health, type Unreadiness } from '../../contract/health.ts';
import { answerProbe } from './answers.ts';
import type { Upstream } from './upstream.ts';
import type { Visit } from './visit.ts';

/** How long the API may take to say whether it is ready, in milliseconds. */
const patienceMs = 2_000;

/** Answer `/readyz` with what the API says, or with 503 when it says nothing in time or the gateway itself takes no requests. */
export function answerReadiness(upstream: Upstream, reason: string | undefined, visit: Visit) {
  if (reason !== undefined) return unavailable(visit, reason);
  ask(upstream).then(
    ({ status, body }) => answerProbe(visit, status, body),
    () => unavailable(visit, 'upstream unreachable'),
  );
}

const unavailable = (visit: Visit, reason: string) => answerProbe(visit, 503, { status: 'unavailable', reason } satisfies Unreadiness);

/** A connection of its own, so that the answer tells about new connections too. */
function ask({ url }: Upstream) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: 200 | 503; body: object }>();
  const start = url.protocol === 'https:' ? secureGet : get;
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${health.ready.path}`, url);
  const asking = start(target, { agent: false, signal: AbortSignal.timeout(patienceMs) }, (answer) => {
    json(answer).then((body) => resolve({ status: answer.statusCode === 200 ? 200 : 503, body: body as object }), reject);
  });
  asking.on('error', reject);
  return promise;
}
