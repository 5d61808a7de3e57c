import { get } from 'node:http';
import { get as secureGet } from 'node:https';
import { json } from 'node:stream/consumers';
import { health } from '../../../contract/health.ts';
import type { Upstream } from './upstream.ts';

/** Timeout for the API's readiness response, in milliseconds. */
const timeoutMs = 2_000;

export type ReadinessResponse = { status: 200 | 503; body: object };

/** The `/readyz` response of the API. Rejects if there is none in time. Uses a new connection, to check that the API accepts one. */
export function fetchReadiness({ url }: Upstream): Promise<ReadinessResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadinessResponse>();
  const start = url.protocol === 'https:' ? secureGet : get;
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${health.ready.path}`, url);
  const asking = start(target, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
    json(answer).then((body) => resolve({ status: answer.statusCode === 200 ? 200 : 503, body: body as object }), reject);
  });
  asking.on('error', reject);
  return promise;
}
