import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Problem } from '../../contract/shared/errors.ts';
import { type FailureName, failures } from '../../contract/shared/failures.ts';

const messages = {
  bad_gateway: 'The API cannot be reached.',
  gateway_timeout: 'The API did not answer in time.',
  too_large: 'The body is larger than 32 MiB.',
  headers_too_large: 'The request line and headers are larger than 16 KiB.',
  invalid: 'This is not a valid HTTP request.',
} as const satisfies Partial<Record<FailureName, string>>;

/** The refusals that a gateway makes itself. */
export type GatewayFailure = keyof typeof messages;

const problem = (failure: GatewayFailure, trace_id: string): Problem => ({
  error: failures[failure][1],
  message: messages[failure],
  trace_id,
  details: failure === 'invalid' ? { issues: [] } : {},
});

/** Answer with JSON that no cache may keep. */
export function answerJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
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

/** Refuse in the error envelope; once headers are out, all that is left is to cut the connection. */
export function refuse(response: ServerResponse, failure: GatewayFailure, traceId: string): void {
  if (response.headersSent) return void response.destroy();
  const closing: Record<string, string> = failure === 'too_large' ? { connection: 'close' } : {};
  answerJson(response, failures[failure][0], problem(failure, traceId), { 'x-trace-id': traceId, ...closing });
}

/** Refuse what was no request that could be read, and hang up. */
export function refuseSocket(socket: Duplex, failure: GatewayFailure, traceId: string): void {
  if (!socket.writable) return void socket.destroy();
  const [status] = failures[failure];
  const text = JSON.stringify(problem(failure, traceId));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    `x-trace-id: ${traceId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
