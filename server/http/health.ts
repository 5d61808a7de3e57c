import type { RequestHandler, Response } from 'express';

/** Whether this process can work. */
export type Health = { ready(): Promise<{ schema_version: string; storage: string } | { reason: string }> };

/** `/healthz` touches nothing; `/readyz` asks the database. Both outside the error envelope (platform 12). */
export function healthRouter({ ready }: Health): RequestHandler {
  return (req, res, next) => {
    if (req.path !== '/healthz' && req.path !== '/readyz') return next();
    res.setHeader('cache-control', 'no-store');
    if (req.method !== 'GET' && req.method !== 'HEAD') return void res.setHeader('allow', 'GET, HEAD').status(405).end();
    if (req.path === '/healthz') return void res.json({ status: 'ok' });
    answer(ready, res).catch(next);
  };
}

async function answer(ready: Health['ready'], res: Response) {
  const state = await ready();
  if ('reason' in state) res.status(503).json({ status: 'unavailable', ...state });
  else res.json({ status: 'ok', ...state });
}
