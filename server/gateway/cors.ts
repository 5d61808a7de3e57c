import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

const preflight = {
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers':
    'Authorization, Content-Type, Accept, X-Client-App, X-Trace-Id, X-Account-Id, Idempotency-Key, If-None-Match, Last-Event-ID, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name',
  'access-control-max-age': '600',
};
const exposed =
  'X-Trace-Id, Link, X-Next-Cursor, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Idempotent-Replayed';

/** Whether a request is a CORS preflight (Fetch standard). The gateway answers preflights itself. */
export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;

/** The CORS headers of a response. Origins are matched exactly. Other origins, including `null`, get only `Vary`. */
export function corsHeaders(request: IncomingMessage, allowed: ReadonlySet<string>): OutgoingHttpHeaders {
  const { origin } = request.headers;
  if (origin === undefined || !allowed.has(origin)) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    ...(isPreflight(request) ? preflight : { 'access-control-expose-headers': exposed }),
  };
}
