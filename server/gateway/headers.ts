import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { headersOf } from '../kernel/spans.ts';
import type { Visit } from './visit.ts';

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
const gatewayOnly =
  /^(x-forwarded-.*|forwarded|x-real-ip|x-risk-score|x-ua-type|x-client-country|x-trace-id|traceparent|tracestate|expect)$/;

/** What the API may not say, because the gateway decides about it or callers need not know it. */
const gatewaysWord = /^(access-control-.*|server|x-powered-by)$/;

const policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; object-src 'none'";

/** The members of a list header. */
const listed = (value: string) => value.split(',').map((member) => member.trim());

/** Headers that travel on: neither hop-by-hop nor named by `Connection`, and not `without`. */
function endToEnd(headers: IncomingHttpHeaders, without: RegExp): OutgoingHttpHeaders {
  const named = headers.connection === undefined ? undefined : new Set(listed(headers.connection.toLowerCase()));
  const passed: OutgoingHttpHeaders = {};
  for (const name in headers) {
    if (hopByHop.has(name) || without.test(name) || (named?.has(name) && !kept.has(name))) continue;
    passed[name] = headers[name];
  }
  return passed;
}

/** The headers sent upstream, names and values in turn, because a request that is made of a list keeps no copy; `Host` is kept. */
export function upstreamHeaders({ request, ip, secure, span, place, agent, risk }: Visit, hasBody: boolean): string[] {
  const { host = '', 'transfer-encoding': coding } = request.headers;
  // HTTP/1.0 need not name a host.
  const list: string[] = request.headers.host === undefined ? ['host', ''] : [];
  for (const [name, value] of Object.entries(endToEnd(request.headers, gatewayOnly))) list.push(name, `${value}`);
  if (coding !== undefined) list.push('transfer-encoding', 'chunked');
  if (!hasBody && takesBody.has(request.method!)) list.push('content-length', '0');
  list.push('x-forwarded-for', ip, 'x-real-ip', ip, 'x-forwarded-proto', secure ? 'https' : 'http', 'x-forwarded-host', host);
  const { traceparent, tracestate } = headersOf(span);
  list.push('x-trace-id', span.traceId, 'traceparent', traceparent);
  if (tracestate !== undefined) list.push('tracestate', tracestate);
  list.push('x-risk-score', risk.toFixed(2), 'x-ua-type', agent);
  if (place.country) list.push('x-client-country', place.country);
  return list;
}

/** Methods whose requests would otherwise be sent in chunks, of which there are none. */
const takesBody = new Set(['POST', 'PUT', 'PATCH']);

/** What every answer about `/v1` says to browsers. */
export const securityHeaders = (secure: boolean): OutgoingHttpHeaders => ({
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  ...(secure && { 'strict-transport-security': 'max-age=63072000' }),
});

/** The headers of a proxied answer: the upstream's, under the gateway's. */
export function answerHeaders({ headers: own, traceId }: Visit, upstream: IncomingHttpHeaders): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...endToEnd(upstream, gatewaysWord), ...own };
  headers['x-trace-id'] = traceId;
  headers.vary = varying(upstream.vary);
  if (own['content-security-policy'] !== undefined) {
    headers['cache-control'] = upstream['cache-control'] ?? 'no-store';
    const sandbox = /(?:^|;)\s*(sandbox(?:\s[^;]*)?)(?:;|$)/i.exec(`${upstream['content-security-policy'] ?? ''}`)?.[1];
    if (sandbox) headers['content-security-policy'] = `${policy}; ${sandbox.trim()}`;
  }
  if (upstream['content-type']?.startsWith('text/event-stream')) headers['x-accel-buffering'] = 'no';
  return headers;
}

/** `Vary` with `Origin`, once. */
function varying(upstream = '') {
  const others = listed(upstream).filter((name) => name !== '' && name.toLowerCase() !== 'origin');
  return ['Origin', ...others].join(', ');
}
