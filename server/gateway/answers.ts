import type { ServerResponse } from 'node:http';
import type { Problem } from '../../contract/shared/errors.ts';
import { type FailureName, failures } from '../../contract/shared/failures.ts';
import { facts } from '../kernel/facts.ts';
import type { Visit } from './visit.ts';

const messages = {
  forbidden: 'This request is not let in.',
  not_found: 'There is nothing here.',
  wrong_method: 'This method is not served.',
  rate_limited: 'Too many requests.',
  internal: 'The gateway has a defect.',
  bad_gateway: 'The API cannot be reached.',
  gateway_timeout: 'The API did not answer in time.',
  unavailable: 'Too many requests at once.',
  too_large: 'The body is larger than 32 MiB.',
  headers_too_large: 'The request line and headers are larger than 16 KiB.',
  invalid: 'This is not a valid HTTP request.',
} as const satisfies Partial<Record<FailureName, string>>;

/** The refusals that a gateway makes itself. */
export type GatewayFailure = keyof typeof messages;

/** Why, where one failure has several reasons. */
export type Reason = 'ip_blocked' | 'risk_rejected' | 'request_rate' | 'open_streams_exceeded' | 'unfinished_requests' | 'overloaded';

const problem = (failure: GatewayFailure, trace_id: string, reason?: Reason): Problem => ({
  error: failures[failure][1],
  message: messages[failure],
  trace_id,
  details: { ...(reason && { reason }), ...(failure === 'invalid' && { issues: [] }) },
});

/** Answer with JSON that no cache may keep. */
export function answerJson(response: ServerResponse, status: number, body: object, headers: object = {}): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

/** Answer a probe; it is for GET and HEAD only. */
export function answerProbe({ request: { method }, response, headers, traceId }: Visit, status: 200 | 503, body: object): void {
  const all = { ...headers, 'x-trace-id': traceId };
  if (method === 'GET' || method === 'HEAD') answerJson(response, status, body, all);
  else answerJson(response, 405, problem('wrong_method', traceId), { ...all, allow: 'GET, HEAD' });
}

/** Failures after which the rest of the connection is not to be trusted, or not worth reading. */
const last: readonly GatewayFailure[] = ['too_large', 'headers_too_large', 'invalid', 'wrong_method'];

/** Refuse in the error envelope; once headers are out, all that is left is to cut the connection. */
export function refuse({ response, headers, traceId }: Visit, failure: GatewayFailure, reason?: Reason): void {
  if (response.headersSent) return void response.destroy();
  facts.gatewayRefused.tell(reason ?? failure);
  answerJson(response, failures[failure][0], problem(failure, traceId, reason), {
    ...headers,
    'x-trace-id': traceId,
    ...((last.includes(failure) || response.req.headers.expect !== undefined) && { connection: 'close' }),
  });
}
