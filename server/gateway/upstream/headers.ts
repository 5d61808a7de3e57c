import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { traceHeadersOf } from '../../platform/telemetry/spans.ts';
import type { RequestContext } from '../requestContext.ts';

/** Hop-by-hop headers (RFC 9110 section 7.6.1). */
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

/** Forwarded even if `Connection` names them. Without its length, a body would be read as the next request. */
const alwaysForwarded = new Set(['content-length', 'host']);

/** Removed from requests, because only the gateway sets them and clients must not forge them. */
const strippedRequestHeaders =
  /^(x-forwarded-.*|forwarded|x-real-ip|x-risk-score|x-ua-type|x-client-country|x-trace-id|traceparent|tracestate|expect)$/;

/** Removed from API responses, because the gateway sets them itself or clients do not need them. */
const strippedResponseHeaders = /^(access-control-.*|server|x-powered-by)$/;

const policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; object-src 'none'";

const listed = (value: string) => value.split(',').map((member) => member.trim());

/** Drops hop-by-hop headers, headers named by `Connection`, and headers that match `without`. */
function endToEnd(headers: IncomingHttpHeaders, without: RegExp): OutgoingHttpHeaders {
  const named = headers.connection === undefined ? undefined : new Set(listed(headers.connection.toLowerCase()));
  const passed: OutgoingHttpHeaders = {};
  for (const name in headers) {
    if (hopByHop.has(name) || without.test(name) || (named?.has(name) && !alwaysForwarded.has(name))) continue;
    passed[name] = headers[name];
  }
  return passed;
}

/** Request headers for the upstream, as a list of names and values, which Node.js does not copy. `Host` is unchanged. */
export function upstreamHeaders({ request, ip, secure, span, location, userAgentType, risk }: RequestContext, hasBody: boolean): string[] {
  const { host = '', 'transfer-encoding': coding } = request.headers;
  // `Host` is optional in HTTP/1.0.
  const list: string[] = request.headers.host === undefined ? ['host', ''] : [];
  for (const [name, value] of Object.entries(endToEnd(request.headers, strippedRequestHeaders))) list.push(name, `${value}`);
  if (coding !== undefined) list.push('transfer-encoding', 'chunked');
  if (!hasBody && takesBody.has(request.method!)) list.push('content-length', '0');
  list.push('x-forwarded-for', ip, 'x-real-ip', ip, 'x-forwarded-proto', secure ? 'https' : 'http', 'x-forwarded-host', host);
  const { traceparent, tracestate } = traceHeadersOf(span);
  list.push('x-trace-id', span.traceId);
  if (traceparent !== undefined) list.push('traceparent', traceparent);
  if (tracestate !== undefined) list.push('tracestate', tracestate);
  list.push('x-risk-score', risk.toFixed(2), 'x-ua-type', userAgentType);
  if (location.country) list.push('x-client-country', location.country);
  return list;
}

/** For these methods Node.js would otherwise send an empty chunked body. */
const takesBody = new Set(['POST', 'PUT', 'PATCH']);

/** Security headers of `/v1` and probe responses. */
export const securityHeaders = (secure: boolean): OutgoingHttpHeaders => ({
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  ...(secure && { 'strict-transport-security': 'max-age=63072000' }),
});

/** Headers of a forwarded response. The gateway's headers override the API's. */
export function responseHeaders({ headers: own, traceId }: RequestContext, upstream: IncomingHttpHeaders): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...endToEnd(upstream, strippedResponseHeaders), ...own };
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

/** `Vary` with `Origin`, without duplicates. */
function varying(upstream = '') {
  const others = listed(upstream).filter((name) => name !== '' && name.toLowerCase() !== 'origin');
  return ['Origin', ...others].join(', ');
}
