import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** Meant for one connection only (RFC 9110 section 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What frames and addresses a message; naming it in `Connection` must not take it away, or bodies would become requests. */
const kept = new Set(['content-length', 'host']);

/** What only a gateway may say about a caller, so that nobody can forge it. */
const gatewayOnly = /^(x-forwarded-.*|forwarded|x-real-ip|x-risk-score|x-ua-type|x-client-country|x-trace-id)$/;

/** Headers that travel on: neither hop-by-hop nor named by `Connection`. */
export function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name) && (kept.has(name) || !named.has(name))));
}

/** A trace id of our own: 32 hex digits. */
export const newTraceId = (): string => randomBytes(16).toString('hex');

/** The trace id of a request: the caller's where that is trusted and well formed, else a new one. */
export function traceOf({ headers }: IncomingMessage, trusted: boolean): string {
  const sent = `${headers['x-trace-id'] ?? ''}`.toLowerCase();
  return trusted && /^[0-9a-f]{32}$/.test(sent) ? sent : newTraceId();
}

/** The headers sent upstream; `Host` is kept, and the caller is the TCP peer. */
export function upstreamHeaders(request: IncomingMessage, traceId: string): OutgoingHttpHeaders {
  const own = Object.entries(endToEnd(request.headers)).filter(([name]) => name !== 'expect' && !gatewayOnly.test(name));
  const ip = (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  return {
    ...Object.fromEntries(own),
    ...(request.headers['transfer-encoding'] && { 'transfer-encoding': 'chunked' }),
    'x-forwarded-for': ip,
    'x-real-ip': ip,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': request.headers.host ?? '',
    'x-trace-id': traceId,
  };
}
