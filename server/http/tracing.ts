import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { health } from '../../contract/health.ts';
import { isRecording, recordSpan, type Span, type SpanEnd, spanOf, withSpan } from '../platform/telemetry/spans.ts';
import { routeOf, unknownRoute } from './requestMetrics.ts';

/** The trace id of a response, set by `traceRequests`. */
export const traceIdOf = ({ locals }: Response): string => locals.traceId ?? '0'.repeat(32);

/** Sets the trace id of the response and the current span. Incoming trace headers are used only from peers that `trusts` accepts. */
export const traceRequests =
  (trusts: (remoteAddress: string) => boolean): RequestHandler =>
  (req, res, next) => {
    const span = spanOf(req.headers, () => trusts(req.socket.remoteAddress ?? ''));
    res.locals.traceId = span.traceId;
    res.setHeader('x-trace-id', span.traceId);
    withSpan(isRecording() ? recordRequest(span, req, res) : span, next);
  };

const isProbe = (path: string) => path === health.live.path || path === health.ready.path;

/** The span of a request, up to the last byte of its response or the end of its stream. Probes are not recorded. */
function recordRequest(span: Span, req: Request, res: Response): Span {
  if (isProbe(req.path)) return span;
  const { method } = req;
  const recorded = recordSpan(span, () => ({ name: method, kind: 'server', attributes: { 'http.request.method': method } }));
  res.once('close', () => {
    const route = routeOf(req, res);
    const hasRoute = route !== unknownRoute;
    const { attributes, errorType } = endOfResponse(res);
    recorded.end({
      ...(hasRoute && { name: `${method} ${route}` }),
      attributes: { ...attributes, ...(hasRoute && { 'http.route': route }) },
      errorType,
    });
  });
  return recorded;
}

/** How the span of a request ends. An error of the caller (4xx) is no failure of the server. */
export const endOfResponse = ({ headersSent, statusCode }: ServerResponse): SpanEnd =>
  headersSent
    ? { attributes: { 'http.response.status_code': statusCode }, errorType: statusCode >= 500 ? String(statusCode) : undefined }
    : { errorType: 'client_closed_request' };
