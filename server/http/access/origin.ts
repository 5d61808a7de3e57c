import type { Request } from 'express';
import { failWith } from '../../platform/failure.ts';

/**
 * CSRF protection for routes that use the session cookie. `Origin` must be an own or allowed origin. Without `Origin`, `Sec-Fetch-Site`
 * must be `same-origin`, `none` or absent (not a browser). Throws 403.
 */
export function checkOrigin(req: Request, { allowed, self }: { allowed: readonly string[]; self: readonly string[] }) {
  const { origin } = req.headers;
  const site = req.headers['sec-fetch-site'];
  const fine =
    origin !== undefined ? [...allowed, ...self].includes(origin) : site === undefined || site === 'same-origin' || site === 'none';
  if (!fine)
    throw failWith(
      'forbidden',
      'origin_not_allowed',
      "This origin is neither the server's own nor one of ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS.",
    );
}
