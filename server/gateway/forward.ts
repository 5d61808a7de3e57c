import { type Agent, type ClientRequest, type IncomingMessage, request as plain, type ServerResponse } from 'node:http';
import { request as secure } from 'node:https';
import { pipeline, Transform } from 'node:stream';
import { codeOf } from '../kernel/operatorError.ts';
import { type GatewayFailure, refuse } from './answers.ts';
import { endToEnd, upstreamHeaders } from './headers.ts';

/** The API behind the gateway. */
export type Upstream = { url: URL; agent: Agent; timeoutMs: number };

const largestBody = 32 * 1024 * 1024;

/** Pass a request on and its answer back, byte by byte and unbuffered; whoever hangs up ends both sides. */
export function forward(upstream: Upstream, request: IncomingMessage, response: ServerResponse, traceId: string) {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (Number(length ?? 0) > largestBody) return refuse(response, 'too_large', traceId);
  const safe = request.method === 'GET' || request.method === 'HEAD';
  send(upstream, request, response, traceId, safe && length === undefined && chunked === undefined);
}

function send(upstream: Upstream, request: IncomingMessage, response: ServerResponse, traceId: string, mayRetry: boolean) {
  const outgoing = open(upstream, request, traceId);
  let answered = false;
  let cut: GatewayFailure = 'bad_gateway';
  let patience: NodeJS.Timeout | undefined;
  const abort = (failure: GatewayFailure) => {
    cut = failure;
    outgoing.destroy();
  };
  const leave = () => {
    outgoing.destroy();
    // What the caller still sends has to be read, or the next request on the connection would wait for ever.
    request.unpipe().resume();
  };
  response.once('close', leave);
  request.once('end', () => {
    if (!answered && !outgoing.destroyed) patience = setTimeout(abort, upstream.timeoutMs, 'gateway_timeout');
  });
  outgoing.once('response', (incoming) => {
    answered = true;
    clearTimeout(patience);
    answer(incoming, response, traceId);
  });
  outgoing.on('error', (error) => {
    clearTimeout(patience);
    if (answered || response.destroyed) return;
    if (!mayRetry || codeOf(error) !== 'ECONNREFUSED') return refuse(response, cut, traceId);
    response.off('close', leave);
    send(upstream, request, response, traceId, false);
  });
  sendBody(request, outgoing, () => abort('too_large'));
}

function open({ url, agent }: Upstream, request: IncomingMessage, traceId: string): ClientRequest {
  const start = url.protocol === 'https:' ? secure : plain;
  const { hostname, port, protocol, pathname } = url;
  return start({
    agent,
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    method: request.method ?? 'GET',
    path: pathname.replace(/\/$/, '') + request.url,
    headers: upstreamHeaders(request, traceId),
  });
}

/** A body that announces its length cannot exceed it; one that does not is counted on its way. */
function sendBody(request: IncomingMessage, outgoing: ClientRequest, tooLarge: () => void) {
  if (request.headers['transfer-encoding'] === undefined) return void request.pipe(outgoing);
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > largestBody) return tooLarge();
      done(null, chunk);
    },
  });
  request.pipe(counted).pipe(outgoing);
}

function answer(incoming: IncomingMessage, response: ServerResponse, traceId: string) {
  const headers = { 'x-trace-id': traceId, ...endToEnd(incoming.headers) };
  const streams = incoming.headers['content-type']?.startsWith('text/event-stream');
  response.writeHead(incoming.statusCode ?? 502, streams ? { ...headers, 'x-accel-buffering': 'no' } : headers);
  response.flushHeaders();
  // When the API breaks off, pipeline destroys the response: the caller sees a cut connection, not a clean end.
  pipeline(incoming, response, () => undefined);
}
