import type { RequestHandler } from 'express';

const methods = 'GET,POST,PUT,PATCH,DELETE,OPTIONS';
const requestHeaders =
  'Authorization, Content-Type, Accept, X-Client-App, X-Trace-Id, X-Account-Id, Idempotency-Key, If-None-Match, Last-Event-ID, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name';
const exposed =
  'X-Trace-Id, Link, Deprecation, Sunset, X-Next-Cursor, Idempotent-Replayed, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset';

/** CORS (Fetch standard): an exact allowlist, with credentials. Other origins get no CORS headers. */
export function cors(allowed: readonly string[]): RequestHandler {
  const origins = new Set(allowed);
  return (req, res, next) => {
    res.setHeader('vary', 'Origin');
    const { origin } = req.headers;
    const known = origin !== undefined && origins.has(origin);
    if (known) {
      res.setHeader('access-control-allow-origin', origin);
      res.setHeader('access-control-allow-credentials', 'true');
      res.setHeader('access-control-expose-headers', exposed);
    }
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined || !known) return next();
    res.setHeader('access-control-allow-methods', methods);
    res.setHeader('access-control-allow-headers', requestHeaders);
    res.setHeader('access-control-max-age', '600');
    res.status(204).end();
  };
}

/** Prevents browsers from treating a response as anything but data. */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Sets headers on every response, including errors. */
export const fixedHeaders: RequestHandler = (req, res, next) => {
  for (const [name, value] of Object.entries(safeHeaders)) res.setHeader(name, value);
  if (/^\/v1\/(auth|bootstrap|me|api-keys|webhook-endpoints|admin\/service-keys|s)(\/|$)/.test(req.path))
    res.setHeader('cache-control', 'no-store');
  if (req.path.startsWith('/v1/s/')) res.setHeader('x-robots-tag', 'noindex');
  next();
};
