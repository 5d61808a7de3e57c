import { type ClientRequest, type IncomingMessage, request as plain, type ServerResponse } from 'node:http';
import { request as secure } from 'node:https';
import { Transform } from 'node:stream';
import type { Bound, UnfinishedRequests } from '../http/unfinished.ts';
import { bucketOf } from '../kernel/bucket.ts';
import { rateLimitAddress } from '../kernel/clientAddress.ts';
import type { ConcurrencyLimiter } from '../kernel/concurrency.ts';
import { hasBroken } from '../kernel/earlyAnswer.ts';
import { facts } from '../kernel/facts.ts';
import { codeOf } from '../kernel/operatorError.ts';
import { type GatewayFailure, refuse } from './answers.ts';
import { answerHeaders, upstreamHeaders } from './headers.ts';
import type { Upstream } from './upstream.ts';
import type { Visit } from './visit.ts';

/** Seconds after which a client may try to open a stream again when too many are open. */
const retryAfterSeconds = 5;

/** The largest body that is passed on, in bytes. */
export const largestBody = 32 * 1024 * 1024;

/** Pass a request on and its answer back, byte by byte and unbuffered; whoever hangs up ends both sides. */
export function forward(upstream: Upstream, visit: Visit, limits: ForwardLimits): void {
  if (visit.response.destroyed) return;
  const { method, headers } = visit.request;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  const mayRetry = !hasBody && (method === 'GET' || method === 'HEAD');
  if (hasBody) limits.unfinished.enter(visit.request, rateLimitAddress(visit.ip), (bound) => shed(visit, bound));
  send({ upstream, limits }, visit, hasBody, mayRetry);
}

/** What is limited by address while a request is passed on. */
export type ForwardLimits = { openStreams: ConcurrencyLimiter; unfinished: UnfinishedRequests };
type Route = { upstream: Upstream; limits: ForwardLimits };

/** Ends a request whose sender takes too long while too many do. */
function shed(visit: Visit, bound: Bound) {
  if (visit.response.headersSent) return void visit.request.socket.destroy();
  Object.assign(visit.headers, { connection: 'close', 'retry-after': '1' });
  // What makes room does not linger.
  visit.response.once('finish', () => visit.request.socket.destroy());
  if (bound === 'address') refuse(visit, 'rate_limited', 'unfinished_requests');
  else refuse(visit, 'unavailable', 'overloaded');
}

function send(route: Route, visit: Visit, hasBody: boolean, mayRetry: boolean) {
  const { upstream, limits } = route;
  const { request, response } = visit;
  const outgoing = open(upstream, visit, hasBody);
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
    if (hasBody) request.unpipe().resume();
  };
  const wait = () => {
    if (!answered && !outgoing.destroyed) patience = setTimeout(abort, upstream.timeoutMs, 'gateway_timeout');
  };
  response.once('close', leave);
  if (hasBody) request.once('end', wait);
  else wait();
  outgoing.once('response', (incoming) => {
    answered = true;
    clearTimeout(patience);
    patience = undefined;
    answer(incoming, visit, limits);
  });
  outgoing.on('error', (error) => {
    clearTimeout(patience);
    if (answered || response.destroyed || response.headersSent) return;
    if (!mayRetry || codeOf(error) !== 'ECONNREFUSED') return giveUp(visit, cut);
    response.off('close', leave);
    send(route, visit, hasBody, false);
  });
  if (!hasBody) return void outgoing.end();
  if (request.headers.expect !== undefined) response.writeContinue();
  sendBody(request, outgoing, () => abort('too_large'));
}

function giveUp(visit: Visit, failure: GatewayFailure) {
  if (failure === 'bad_gateway' || failure === 'gateway_timeout') facts.upstreamFailed.tell(failure);
  refuse(visit, failure);
}

function open({ url, agent }: Upstream, visit: Visit, hasBody: boolean): ClientRequest {
  const start = url.protocol === 'https:' ? secure : plain;
  const { hostname, port, protocol, pathname } = url;
  return start({
    agent,
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    method: visit.request.method ?? 'GET',
    path: pathname.replace(/\/$/, '') + visit.request.url,
    headers: upstreamHeaders(visit, hasBody),
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

function answer(incoming: IncomingMessage, visit: Visit, { openStreams }: ForwardLimits) {
  const { response } = visit;
  if (response.destroyed || response.headersSent) return void incoming.destroy();
  visit.traceId = traceIdOf(incoming) ?? visit.traceId;
  const isStream = incoming.headers['content-type']?.startsWith('text/event-stream') === true;
  if (isStream && !takePlace(openStreams, visit)) {
    incoming.destroy();
    visit.headers['retry-after'] = `${retryAfterSeconds}`;
    return refuse(visit, 'rate_limited', 'open_streams_exceeded');
  }
  response.writeHead(incoming.statusCode ?? 502, answerHeaders(visit, incoming.headers));
  visit.headers = {};
  if (isStream) countStream(response);
  pass(incoming, response);
}

/** Counts a stream for its address until the response is closed. */
function takePlace(openStreams: ConcurrencyLimiter, { ip, response }: Visit): boolean {
  const leave = openStreams.enter(bucketOf('streams', rateLimitAddress(ip)));
  if (leave) response.once('close', leave);
  return leave !== undefined;
}

function countStream(response: ServerResponse) {
  facts.streamOpened.tell('gateway');
  response.once('close', () => facts.streamClosed.tell('gateway'));
}

/**
 * Chunk by chunk, as fast as the caller takes them. By hand, because many streams are open at once and `pipeline` makes each half again as
 * large. When the API breaks off the caller sees a cut connection, not a clean end.
 */
function pass(incoming: IncomingMessage, response: ServerResponse) {
  let begun = false;
  // Mostly the body comes with the headers, and one write is half of two; a stream that has nothing to say yet shows that it is open.
  setImmediate(() => begun || response.flushHeaders());
  incoming.on('data', (chunk: Buffer) => {
    begun = true;
    if (response.write(chunk)) return;
    incoming.pause();
    response.once('drain', () => incoming.resume());
  });
  const breakOff = () => {
    if (!response.destroyed) facts.upstreamFailed.tell('broken_off');
    response.destroy();
  };
  incoming.once('end', () => {
    begun = true;
    if (endsWithConnection(incoming) && hasBroken(incoming.socket)) breakOff();
    else response.end();
  });
  incoming.once('error', breakOff);
}

/** Whether nothing but the end of the connection tells where an answer ends (RFC 9112 section 6.3). */
const endsWithConnection = ({ headers }: IncomingMessage) =>
  headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;

/** The API's own, where it has one, so that header and body of an answer agree. */
function traceIdOf({ headers }: IncomingMessage) {
  const sent = headers['x-trace-id'];
  return typeof sent === 'string' && /^[0-9a-f]{32}$/.test(sent) ? sent : undefined;
}
