import { type OutgoingHttpHeaders, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorCodes } from '../../../contract/shared/errorCodes.ts';
import type { Problem } from '../../../contract/shared/errors.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';
import { newTraceId } from '../../platform/telemetry/spans.ts';
import { keepsArriving, latestResponse, lingeringClose } from '../connections.ts';

/** Error messages for requests that cannot be parsed. The gateway uses the same messages. */
export const malformedRequestMessages = {
  invalid: 'This is not a valid HTTP request.',
  headers_too_large: 'The request line and headers are larger than 16 KiB.',
  too_slow: 'The request did not arrive in time.',
  wrong_method: 'This method is not served.',
} as const;

/** Why Node.js could not parse a request. */
type MalformedRequestError = keyof typeof malformedRequestMessages;

const failureOf = (error: Error): MalformedRequestError => {
  const code = errorCodeOf(error);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'too_slow';
  return code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'invalid';
};

type Options = { headers: OutgoingHttpHeaders; onRejected?: (failure: MalformedRequestError) => void };

/** Returns the error envelope and a trace id for requests that cannot be parsed. `trackResponse` must be called for each request. */
export function rejectMalformedRequests(server: Server, { headers, onRejected }: Options): void {
  const refused = new WeakSet<Duplex>();
  const refuse = (socket: Duplex, failure: MalformedRequestError) => {
    // The parser also reports each further chunk.
    if (refused.has(socket)) return;
    refused.add(socket);
    if (!socket.writable || !(socket instanceof Socket)) return void socket.destroy();
    const answer = latestResponse(socket);
    if (!answer || (answer.writableFinished && answer.req.complete)) write(socket, failure);
    // A request has one response: do not write into one that has started, or after one that was sent early.
    else if (answer.headersSent) socket.destroy();
    else if (answer.req.complete) answer.once('close', () => (socket.writable ? write(socket, failure) : undefined));
    else end(answer, failure);
  };
  function write(socket: Socket, failure: MalformedRequestError) {
    onRejected?.(failure);
    const { status, text, fields } = errorResponseOf(failure, newTraceId(), headers);
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
    lingeringClose(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
  }
  /** The error is in the body of a request. */
  function end(answer: ServerResponse, failure: MalformedRequestError) {
    onRejected?.(failure);
    const { status, text, fields } = errorResponseOf(failure, `${answer.getHeader('x-trace-id') ?? newTraceId()}`, headers);
    answer.writeHead(status, fields).end(text);
  }
  server.on('clientError', (error, socket) => {
    const failure = failureOf(error);
    // Node.js limits the whole request, and reports each one once. A body that keeps arriving may take longer.
    if (failure === 'too_slow' && socket instanceof Socket && keepsArriving(socket, server.requestTimeout, () => refuse(socket, failure)))
      return;
    refuse(socket, failure);
  });
  server.on('connect', (_request, socket) => refuse(socket, 'wrong_method'));
}

function errorResponseOf(failure: MalformedRequestError, trace_id: string, headers: OutgoingHttpHeaders) {
  const [status, error] = errorCodes[failure];
  const problem: Problem = {
    error,
    message: malformedRequestMessages[failure],
    trace_id,
    details: failure === 'invalid' ? { issues: [] } : {},
  };
  const text = JSON.stringify(problem);
  const fields = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
    'cache-control': 'no-store',
    vary: 'Origin',
    'x-trace-id': trace_id,
    connection: 'close',
  };
  return { status, text, fields };
}
