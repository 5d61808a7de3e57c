import type { Request } from 'express';
import { refuse } from '../kernel/failure.ts';

/** Only our own pages and programs that are no browser may use the session cookie (identity 2.4): against cross-site request forgery. */
export function checkOrigin(req: Request, { allowed, self }: { allowed: readonly string[]; self: readonly string[] }) {
  const { origin } = req.headers;
  const site = req.headers['sec-fetch-site'];
  const fine =
    origin !== undefined ? [...allowed, ...self].includes(origin) : site === undefined || site === 'same-origin' || site === 'none';
  if (!fine) throw refuse('forbidden', 'origin_not_allowed', 'This origin may not do that.');
}
