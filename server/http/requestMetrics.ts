import type { Request, RequestHandler, Response } from 'express';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';

/** Emits a metrics event for every response, if there is a listener. */
export const recordRequestMetrics: RequestHandler = (req, res, next) => {
  if (metricsEvents.requestHandled.hasListeners) watch(req, res);
  next();
};

function watch(req: Request, res: Response) {
  const began = performance.now();
  let isTold = false;
  const tell = () => {
    if (isTold) return;
    isTold = true;
    const status = res.headersSent || !res.destroyed ? res.statusCode : clientClosedRequest;
    metricsEvents.requestHandled.emit({
      method: req.method,
      route: routeOf(req, res),
      status,
      seconds: (performance.now() - began) / 1_000,
    });
  };
  // For a stream, measures the time until it starts.
  res.once('close', tell).once('streaming', tell);
}

/** The status if the client disconnected before the response. */
const clientClosedRequest = 499;

/** Paths that are served but not in the contract. */
const fixed = new Set(['/healthz', '/readyz', '/openapi.json', '/docs']);

export const unknownRoute = 'unknown';

/** The path template, or a fixed path. Arbitrary paths must not become metric labels. */
export const routeOf = (req: Request, res: Response): string => res.locals.path ?? (fixed.has(req.path) ? req.path : unknownRoute);
