import type { RequestHandler } from 'express';
import { isLoopback } from '../../platform/network/addresses.ts';
import type { App } from '../app.ts';

/**
 * Redirects pages to the base URL if they were asked for under another name of loopback: sessions and passkeys belong to an origin, and
 * links in mails lead to the base URL.
 */
export const redirectToBaseUrl =
  (baseUrl: App['baseUrl']): RequestHandler =>
  async (req, res, next) => {
    const isPage = (req.method === 'GET' || req.method === 'HEAD') && req.headers.accept?.includes('text/html') === true;
    const asked = isPage ? URL.parse(`http://${req.headers.host ?? ''}`) : null;
    if (!asked || !isLocal(asked.hostname)) return next();
    const base = new URL(await baseUrl());
    if (asked.host === base.host || asked.port !== base.port || !isLocal(base.hostname)) return next();
    res.set({ 'cache-control': 'no-store', vary: 'Accept' }).redirect(307, base.origin + req.originalUrl);
  };

const isLocal = (hostname: string) => hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
