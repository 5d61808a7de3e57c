import type { Request, RequestHandler, Response } from 'express';
import { facts } from '../kernel/facts.ts';

/** Tells of every answer, where somebody counts them. */
export const observed: RequestHandler = (req, res, next) => {
  if (facts.requestAnswered.isHeard) watch(req, res);
  next();
};

function watch(req: Request, res: Response) {
  const began = performance.now();
  let isTold = false;
  const tell = () => {
    if (isTold) return;
    isTold = true;
    const status = res.headersSent || !res.destroyed ? res.statusCode : leftEarly;
    facts.requestAnswered.tell({ method: req.method, route: routeOf(req, res), status, seconds: (performance.now() - began) / 1_000 });
  };
  // A stream lasts as long as somebody reads it: what counts is how long it took to begin.
  res.once('close', tell).once('streaming', tell);
}

/** The status of a request whose caller left before the answer. */
const leftEarly = 499;

/** What is served beside the contract, by its path. */
const fixed = new Set(['/healthz', '/readyz', '/openapi.json', '/docs']);

/** The path as the contract has it, or one of a few that are known: what callers make up must not become a label. */
const routeOf = (req: Request, res: Response): string => res.locals.path ?? (fixed.has(req.path) ? req.path : 'unknown');
