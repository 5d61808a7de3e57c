import { type OutgoingHttpHeaders, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Problem } from '../../contract/shared/errors.ts';
import { failures } from '../../contract/shared/failures.ts';
import { codeOf } from '../kernel/operatorError.ts';
import { newTraceId } from '../kernel/spans.ts';
import { endInStages, newestAnswer } from './connections.ts';

const messages = {
  invalid: 'This is not a valid HTTP request.',
  headers_too_large: 'The request line and headers are larger than 16 KiB.',
  too_slow: 'The request did not arrive in time.',
  wrong_method: 'This method is not served.',
} as const;

/** Why the parser of Node.js made no request of what arrived. */
export type Unreadable = keyof typeof messages;

const failureOf = (error: Error): Unreadable => {
  const code = codeOf(error);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'too_slow';
  return code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'invalid';
};

type Options = { headers: OutgoingHttpHeaders; onRefused?: (failure: Unreadable) => void };

/** Answers what is no readable request like everything else: with the error envelope and a trace id. `noteAnswer` has to be called for requests. */
export function refuseUnreadable(server: Server, { headers, onRefused }: Options): void {
  const refused = new WeakSet<Duplex>();
  const refuse = (socket: Duplex, failure: Unreadable) => {
    // The parser reports every further piece, too.
    if (refused.has(socket)) return;
    refused.add(socket);
    if (!socket.writable || !(socket instanceof Socket)) return void socket.destroy();
    const answer = newestAnswer(socket);
    if (!answer || (answer.writableFinished && answer.req.complete)) write(socket, failure);
    // A request has one answer: nothing is written into one that has begun, or behind one that came early.
    else if (answer.headersSent) socket.destroy();
    else if (answer.req.complete) answer.once('close', () => (socket.writable ? write(socket, failure) : undefined));
    else end(answer, failure);
  };
  function write(socket: Socket, failure: Unreadable) {
    onRefused?.(failure);
    const { status, text, fields } = refusalOf(failure, newTraceId(), headers);
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
    endInStages(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
  }
  /** The body of a request could not be read. */
  function end(answer: ServerResponse, failure: Unreadable) {
    onRefused?.(failure);
    const { status, text, fields } = refusalOf(failure, `${answer.getHeader('x-trace-id') ?? newTraceId()}`, headers);
    answer.writeHead(status, fields).end(text);
  }
  server.on('clientError', (error, socket) => refuse(socket, failureOf(error)));
  server.on('connect', (_request, socket) => refuse(socket, 'wrong_method'));
}

function refusalOf(failure: Unreadable, trace_id: string, headers: OutgoingHttpHeaders) {
  const [status, error] = failures[failure];
  const problem: Problem = { error, message: messages[failure], trace_id, details: failure === 'invalid' ? { issues: [] } : {} };
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
