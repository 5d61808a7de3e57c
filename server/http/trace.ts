import type { RequestHandler, Response } from 'express';
import { spanOf, within } from '../kernel/spans.ts';

/** The trace id of a response; made by `traced` before anything else ran. */
export const traceOf = ({ locals }: Response): string => locals.traceId ?? '0'.repeat(32);

/** Gives every response its trace id, and what follows its span. What came in is used only where `trusts` says so. */
export const traced =
  (trusts: (remoteAddress: string) => boolean): RequestHandler =>
  (req, res, next) => {
    const span = spanOf(req.headers, () => trusts(req.socket.remoteAddress ?? ''));
    res.locals.traceId = span.traceId;
    res.setHeader('x-trace-id', span.traceId);
    within(span, next);
  };
