import { type ClientRequest, type IncomingMessage, request as plain, type ServerResponse } from 'node:http';
import { request as secure } from 'node:https';
import { Transform } from 'node:stream';
import { asr } from '../../../contract/asr.ts';
import { chatCompletions } from '../../../contract/chatCompletions.ts';
import type { ExceededLimit, UnfinishedRequests } from '../../http/body/unfinishedRequests.ts';
import type { ConcurrencyLimiter } from '../../platform/concurrency.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { hasWriteFailed } from '../../platform/network/earlyResponse.ts';
import { errorCodeOf } from '../../platform/operatorError.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import type { RequestContext } from '../requestContext.ts';
import { type GatewayError, sendError } from '../responses.ts';
import { responseHeaders, upstreamHeaders } from './headers.ts';
import { isConnectFailure, type Upstream } from './upstream.ts';
import type { UpstreamPool } from './upstreamPool.ts';

/** `Retry-After` of the error for too many open streams. */
const retryAfterSeconds = 5;

/** Maximum size of a request body, in bytes. */
export const maxBodyBytes = 32 * 1024 * 1024;

/** Forwards a request and streams the response back without buffering. If one side disconnects, the other is closed too. */
export function forward(pool: UpstreamPool, context: RequestContext, limits: ForwardLimits): void {
  if (context.response.destroyed) return;
  const upstream = pool.choose();
  if (!upstream) return giveUp(context, 'bad_gateway');
  const { method, headers } = context.request;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  const mayRetry = !hasBody && (method === 'GET' || method === 'HEAD');
  if (hasBody) limits.unfinished.track(context.request, rateLimitAddress(context.ip), (bound) => shed(context, bound));
  send({ pool, upstream, tried: [], limits, hasBody, mayRetry }, context);
}

/** `stalledMs`: how long a client may read nothing of a response, in milliseconds. */
export type ForwardLimits = { openStreams: ConcurrencyLimiter; unfinished: UnfinishedRequests; stalledMs: number };

/** An attempt to forward a request. `tried` are the upstreams of earlier ones. */
type Attempt = {
  pool: UpstreamPool;
  upstream: Upstream;
  tried: readonly Upstream[];
  limits: ForwardLimits;
  hasBody: boolean;
  mayRetry: boolean;
};

/** Maximum number of times that a request is sent. */
const maxAttempts = 3;

/**
 * The upstream for another attempt of a request that no API has answered: after a failure to connect, or if the API closed the connection of an earlier
 * request while this one was sent, as one that stops does. One that was not tried, or once the same one again if there is no other: a restarting server
 * refuses connections for moments only.
 */
function nextUpstream({ pool, upstream, tried }: Attempt, { reusedSocket }: ClientRequest, error: unknown): Upstream | undefined {
  const code = errorCodeOf(error);
  const isLost = reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
  if (tried.length + 1 >= maxAttempts || !(isLost || isConnectFailure(error))) return undefined;
  const other = pool.choose([...tried, upstream]);
  if (other || tried.length > 0) return other;
  return isLost || (pool.all().length === 1 && code === 'ECONNREFUSED') ? upstream : undefined;
}

/** Rejects the slowest unfinished request to make room for others. */
function shed(context: RequestContext, bound: ExceededLimit) {
  if (context.response.headersSent) return void context.request.socket.destroy();
  Object.assign(context.headers, { connection: 'close', 'retry-after': '1' });
  // Close at once instead of in stages (`enableLingeringClose`), to free the connection.
  context.response.once('finish', () => context.request.socket.destroy());
  if (bound === 'address') sendError(context, 'rate_limited', 'unfinished_requests');
  else sendError(context, 'unavailable', 'overloaded');
}

function send(attempt: Attempt, context: RequestContext) {
  const { pool, upstream, tried, limits, hasBody, mayRetry } = attempt;
  const { request, response } = context;
  const done = pool.begin(upstream);
  const outgoing = open(attempt, context);
  let answered = false;
  let cut: GatewayError = 'bad_gateway';
  let responseTimer: NodeJS.Timeout | undefined;
  const abort = (failure: GatewayError) => {
    cut = failure;
    outgoing.destroy();
  };
  const leave = () => {
    outgoing.destroy();
    // Read the rest of the body, otherwise the next request on this connection waits forever.
    if (hasBody) request.unpipe().resume();
  };
  const wait = () => {
    if (!answered && !outgoing.destroyed) responseTimer = setTimeout(abort, timeoutOf(upstream, context), 'gateway_timeout');
  };
  response.once('close', leave).once('close', done);
  if (hasBody) request.once('end', wait);
  else wait();
  outgoing.once('response', (incoming) => {
    answered = true;
    clearTimeout(responseTimer);
    responseTimer = undefined;
    if (isForwardable(incoming)) return handleResponse(incoming, context, limits);
    incoming.destroy();
    giveUp(context, 'bad_gateway');
  });
  // Requests have no `Upgrade`. Without a listener, Node.js closes the connection without an event.
  outgoing.once('upgrade', (_incoming, socket) => {
    socket.destroy();
    clearTimeout(responseTimer);
    giveUp(context, 'bad_gateway');
  });
  outgoing.on('error', (error) => {
    clearTimeout(responseTimer);
    if (isConnectFailure(error)) pool.connectFailed(upstream, error);
    if (answered || response.destroyed || response.headersSent) return;
    const next = mayRetry && cut === 'bad_gateway' ? nextUpstream(attempt, outgoing, error) : undefined;
    if (!next) return giveUp(context, cut);
    response.off('close', leave).off('close', done);
    done();
    send({ ...attempt, upstream: next, tried: [...tried, upstream] }, context);
  });
  if (!hasBody) return void outgoing.end();
  if (request.headers.expect !== undefined) response.writeContinue();
  sendBody(request, outgoing, () => abort('too_large'));
}

const slowAnswers = new Map(
  [chatCompletions.create, asr.transcribe].map(({ path, metadata }): [string, number] => [path, metadata.answerMs]),
);

/** A call that waits for a model has no headers before the end of the answer. The API limits it, and then needs a moment to answer. */
const timeoutOf = ({ timeoutMs }: Upstream, { path }: RequestContext) => Math.max(timeoutMs, (slowAnswers.get(path) ?? -60_000) + 60_000);

function giveUp(context: RequestContext, failure: GatewayError) {
  if (failure === 'bad_gateway' || failure === 'gateway_timeout') metricsEvents.upstreamFailed.emit(failure);
  sendError(context, failure);
}

/** Further attempts use a new connection: when an API closes one that was kept, the others of that time are about to be closed too. */
function open({ upstream: { url, agent, freshAgent }, tried, hasBody }: Attempt, context: RequestContext): ClientRequest {
  const start = url.protocol === 'https:' ? secure : plain;
  const { hostname, port, protocol, pathname } = url;
  return start({
    agent: tried.length > 0 ? freshAgent : agent,
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    method: context.request.method ?? 'GET',
    path: pathname.replace(/\/$/, '') + context.request.url,
    headers: upstreamHeaders(context, hasBody),
  });
}

/** Counts only chunked bodies: a body cannot exceed its `Content-Length`. */
function sendBody(request: IncomingMessage, outgoing: ClientRequest, tooLarge: () => void) {
  if (request.headers['transfer-encoding'] === undefined) return void request.pipe(outgoing);
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) return tooLarge();
      done(null, chunk);
    },
  });
  request.pipe(counted).pipe(outgoing);
}

/** Whether the response can be passed on: it has a final status, and no transfer coding that the gateway would remove without undoing it. */
const isForwardable = ({ statusCode = 0, headers: { 'transfer-encoding': coding } }: IncomingMessage) =>
  statusCode >= 200 && (coding === undefined || coding.toLowerCase() === 'chunked');

function handleResponse(incoming: IncomingMessage, context: RequestContext, { openStreams, stalledMs }: ForwardLimits) {
  const { response } = context;
  if (response.destroyed || response.headersSent) return void incoming.destroy();
  context.traceId = traceIdOf(incoming) ?? context.traceId;
  const isStream = incoming.headers['content-type']?.startsWith('text/event-stream') === true;
  if (isStream && !takeStreamSlot(openStreams, context)) {
    incoming.destroy();
    context.headers['retry-after'] = `${retryAfterSeconds}`;
    return sendError(context, 'rate_limited', 'open_streams_exceeded');
  }
  response.writeHead(incoming.statusCode!, responseHeaders(context, incoming.headers));
  context.headers = {};
  if (isStream) countStream(response);
  pipeResponse(incoming, response, stalledMs);
}

/** Takes a stream slot of the client address until the response is closed. False if none is free. */
function takeStreamSlot(openStreams: ConcurrencyLimiter, { ip, response }: RequestContext): boolean {
  const leave = openStreams.acquire(limiterKeyOf('streams', rateLimitAddress(ip)));
  if (leave) response.once('close', leave);
  return leave !== undefined;
}

function countStream(response: ServerResponse) {
  metricsEvents.streamOpened.emit('gateway');
  response.once('close', () => metricsEvents.streamClosed.emit('gateway'));
}

/**
 * Copies the response with backpressure. Does not use `pipeline`, which makes each open stream half again as large. If the API breaks off,
 * the client's connection is destroyed, so that the response does not look complete. A client that does not read is disconnected, because it holds a
 * connection to the API, too.
 */
function pipeResponse(incoming: IncomingMessage, response: ServerResponse, stalledMs: number) {
  let begun = false;
  // The body usually arrives with the headers, and one write costs half of two. A stream without data still sends its headers.
  setImmediate(() => begun || response.flushHeaders());
  incoming.on('data', (chunk: Buffer) => {
    begun = true;
    if (response.write(chunk)) return;
    incoming.pause();
    const timer = setTimeout(() => response.destroy(), stalledMs);
    const stop = () => clearTimeout(timer);
    response.once('close', stop).once('drain', () => {
      stop();
      response.off('close', stop);
      incoming.resume();
    });
  });
  const breakOff = () => {
    if (!response.destroyed) metricsEvents.upstreamFailed.emit('broken_off');
    response.destroy();
  };
  incoming.once('end', () => {
    begun = true;
    if (endsWithConnection(incoming) && hasWriteFailed(incoming.socket)) breakOff();
    else response.end();
  });
  incoming.once('error', breakOff);
}

/** Whether only the end of the connection delimits the response (RFC 9112 section 6.3). */
const endsWithConnection = ({ headers }: IncomingMessage) =>
  headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;

/** The trace id of the API's response, so that header and body of the response agree. */
function traceIdOf({ headers }: IncomingMessage) {
  const sent = headers['x-trace-id'];
  return typeof sent === 'string' && /^[0-9a-f]{32}$/.test(sent) ? sent : undefined;
}
