import type { ErrorRequestHandler } from 'express';
import { Failure, invalid } from '../kernel/failure.ts';
import type { Log } from '../kernel/log.ts';
import { isConnectionLost } from '../kernel/lostConnection.ts';
import { traceOf } from './trace.ts';

/** The only code that turns an exception into a response. */
export const respondToError =
  (log: Log): ErrorRequestHandler =>
  (error, req, res, _next) => {
    const traceId = traceOf(res);
    const failure = failureOf(error);
    // The path as the contract has it: what a caller put in its place may be a secret.
    const where = { method: req.method, path: res.locals.path };
    if (failure.status === 500) log.error({ err: error, trace_id: traceId, ...where }, 'a request failed');
    else if (failure.status === 503) log.warn({ err: error, trace_id: traceId }, 'a request met a dependency that is down');
    if (res.headersSent) return void res.destroy();
    if (failure.status === 401) res.setHeader('www-authenticate', 'Bearer');
    if (failure.status === 400 && !failure.details.issues) failure.details.issues = [];
    for (const [name, value] of Object.entries(failure.headers)) res.setHeader(name, value);
    res.status(failure.status).json({ error: failure.code, message: failure.message, trace_id: traceId, details: failure.details });
  };

/** What an exception means to the caller. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, status, severity } = error as { code?: unknown; status?: unknown; severity?: unknown };
  // A FATAL of the database ends the connection, or keeps it from being made: no such database, or one that takes none now.
  if (typeof code === 'string' && (severity === 'FATAL' || isDown(code))) return unavailable();
  // The data layer's last word on values that look valid: NUL in text, numbers out of range, nesting too deep for jsonb.
  if (typeof code === 'string' && (/^22[0-9A-Z]{3}$/.test(code) || code === '54001'))
    return invalid([{ location: 'body', path: '', message: 'holds a value that cannot be stored' }]);
  if (typeof status === 'number' && status >= 400 && status < 500)
    return invalid([{ location: 'path', path: '', message: 'cannot be read' }]);
  if (isConnectionLost(error)) return unavailable();
  return new Failure('internal', 'Something went wrong on our side.');
}

const unavailable = () =>
  new Failure('unavailable', 'A service this needs is not available.', { reason: 'dependency_unavailable' }, { 'retry-after': '1' });

const isDown = (code: string) =>
  /^(08|53|57)/.test(code) ||
  ['55P03', '40001', '40P01', '25P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].includes(code);
