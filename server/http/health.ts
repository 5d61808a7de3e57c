import type { RequestHandler, Response } from 'express';
import { health, type Readiness } from '../../contract/health.ts';
import type { HandlerResult } from '../../contract/shared/route.ts';
import { Failure } from '../platform/failure.ts';

export type Health = { ready(): Promise<Omit<Readiness, 'status'> | { reason: string }> };

const live = health.live.path;
const readiness = health.ready.path;

/** `/healthz` checks nothing; `/readyz` reports what is known of the database. Must run before the mounted routes, which limit the requests in progress. */
export function healthRouter({ ready }: Health): RequestHandler {
  return (req, res, next) => {
    if (req.path !== live && req.path !== readiness) return next();
    res.setHeader('cache-control', 'no-store');
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: 'GET, HEAD' });
    if (req.path === live) return void res.json({ status: 'ok' } satisfies HandlerResult<typeof health.live>['body']);
    answer(ready, res).catch(next);
  };
}

async function answer(ready: Health['ready'], res: Response) {
  const state = await ready();
  const { status, body }: HandlerResult<typeof health.ready> =
    'reason' in state ? { status: 503, body: { status: 'unavailable', ...state } } : { status: 200, body: { status: 'ok', ...state } };
  res.status(status).json(body);
}
