import type { RequestHandler, Response } from 'express';
import { spanOf, withSpan } from '../platform/telemetry/spans.ts';

/** The trace id of a response, set by `traceRequests`. */
export const traceIdOf = ({ locals }: Response): string => locals.traceId ?? '0'.repeat(32);

/** Sets the trace id of the response and the current span. Incoming trace headers are used only from peers that `trusts` accepts. */
export const traceRequests =
  (trusts: (remoteAddress: string) => boolean): RequestHandler =>
  (req, res, next) => {
    const span = spanOf(req.headers, () => trusts(req.socket.remoteAddress ?? ''));
    res.locals.traceId = span.traceId;
    res.setHeader('x-trace-id', span.traceId);
    withSpan(span, next);
  };
