import type { ServerResponse } from 'node:http';
import { errorCodes, type ErrorName } from '../../contract/shared/errorCodes.ts';
import { hasOpenAiErrors, openAiProblem, type Problem } from '../../contract/shared/errors.ts';
import { malformedRequestMessages } from '../http/body/malformedRequest.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import type { RequestContext } from './requestContext.ts';

const messages = {
  forbidden: 'This request is not let in.',
  not_found: 'There is nothing here.',
  wrong_method: malformedRequestMessages.wrong_method,
  rate_limited: 'Too many requests.',
  internal: 'The gateway has a defect.',
  bad_gateway: 'The API cannot be reached.',
  gateway_timeout: 'The API did not answer in time.',
  unavailable: 'Too many requests at once.',
  too_large: 'The body is larger than 32 MiB.',
  headers_too_large: malformedRequestMessages.headers_too_large,
  invalid: malformedRequestMessages.invalid,
} as const satisfies Partial<Record<ErrorName, string>>;

/** Errors that the gateway returns itself. */
export type GatewayError = keyof typeof messages;

/** `details.reason` of an error that has several causes. */
export type ErrorReason =
  | 'ip_blocked'
  | 'risk_rejected'
  | 'request_rate'
  | 'open_streams_exceeded'
  | 'unfinished_requests'
  | 'overloaded'
  | 'maintenance';

/** Replaces the message of the error for some reasons. */
const messagesOfReasons: Partial<Record<ErrorReason, string>> = { maintenance: 'The service is in maintenance. Try again later.' };

const problem = (failure: GatewayError, trace_id: string, reason?: ErrorReason, details: object = {}): Problem => ({
  error: errorCodes[failure][1],
  message: (reason && messagesOfReasons[reason]) ?? messages[failure],
  trace_id,
  details: { ...(reason && { reason }), ...details, ...(failure === 'invalid' && { issues: [] }) },
});

function sendJson(response: ServerResponse, status: number, body: object, headers: object = {}): void {
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

/** Responds to a health probe. Returns 405 for methods other than GET and HEAD. */
export function sendProbeResponse(
  { request: { method }, response, headers, traceId }: RequestContext,
  status: 200 | 503,
  body: object,
): void {
  // A malformed body was rejected meanwhile.
  if (response.headersSent) return;
  const all = { ...headers, 'x-trace-id': traceId };
  if (method === 'GET' || method === 'HEAD') sendJson(response, status, body, all);
  else sendJson(response, 405, problem('wrong_method', traceId), { ...all, allow: 'GET, HEAD' });
}

/** After these errors the connection is closed: the rest of it cannot be trusted or is not worth reading. */
const connectionEndingErrors: readonly GatewayError[] = ['too_large', 'headers_too_large', 'invalid', 'wrong_method'];

/** Sends an error response. If the headers are already sent, destroys the connection. */
export function sendError(
  { response, headers, traceId, path }: RequestContext,
  failure: GatewayError,
  reason?: ErrorReason,
  details?: object,
): void {
  if (response.headersSent) return void response.destroy();
  metricsEvents.gatewayRejected.emit(reason ?? failure);
  const [status] = errorCodes[failure];
  const body = problem(failure, traceId, reason, details);
  sendJson(response, status, hasOpenAiErrors(path) ? openAiProblem(status, body) : body, {
    ...headers,
    'x-trace-id': traceId,
    ...((connectionEndingErrors.includes(failure) || response.req.headers.expect !== undefined) && { connection: 'close' }),
  });
}
