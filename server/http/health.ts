import type { RequestHandler, Response } from 'express';
import { health, type Readiness } from '../../contract/health.ts';
import type { AnswerOf } from '../../contract/shared/route.ts';
import { Failure } from '../kernel/failure.ts';

/** Whether this process can work. */
export type Health = { ready(): Promise<Omit<Readiness, 'status'> | { reason: string }> };

const live = health.live.path;
const readiness = health.ready.path;

/**
 * `/healthz` touches nothing; `/readyz` asks the database. They stand before the mounted routes, which count requests in progress and shed
 * those that are too many.
 */
export function healthRouter({ ready }: Health): RequestHandler {
  return (req, res, next) => {
    if (req.path !== live && req.path !== readiness) return next();
    res.setHeader('cache-control', 'no-store');
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: 'GET, HEAD' });
    if (req.path === live) return void res.json({ status: 'ok' } satisfies AnswerOf<typeof health.live>['body']);
    answer(ready, res).catch(next);
  };
}

async function answer(ready: Health['ready'], res: Response) {
  const state = await ready();
  const { status, body }: AnswerOf<typeof health.ready> =
    'reason' in state ? { status: 503, body: { status: 'unavailable', ...state } } : { status: 200, body: { status: 'ok', ...state } };
  res.status(status).json(body);
}
