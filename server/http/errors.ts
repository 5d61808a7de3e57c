import type { ErrorRequestHandler } from 'express';
import { hasOpenAiErrors, openAiProblem, type Problem } from '../../contract/shared/errors.ts';
import { isTransientDatabaseError, TooManyWaiting } from '../database/connection/connectionErrors.ts';
import { Failure, ForeignFailure, invalid } from '../platform/failure.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { overloaded } from './access/authenticateRequest.ts';
import { traceIdOf } from './tracing.ts';

/** The only code that converts an exception into a response. */
export const respondToError =
  (log: Log): ErrorRequestHandler =>
  (error, req, res, _next) => {
    // The client disconnected while it sent the body: nobody reads a response, and no service is down.
    if (req.errored !== null && error === req.errored) return void res.destroy();
    const traceId = traceIdOf(res);
    const failure = failureOf(error);
    // The path template: the actual path may contain a secret.
    const where = { method: req.method, path: res.locals.path };
    if (failure.status === 500) log.error({ err: error, trace_id: traceId, ...where }, 'a request failed');
    else if (failure.status === 503) log.warn({ err: error, trace_id: traceId }, 'a request met a dependency that is down');
    if (res.headersSent) return void res.destroy();
    if (failure.status === 401) res.setHeader('www-authenticate', 'Bearer');
    if (failure instanceof ForeignFailure) return void res.status(failure.status).json(failure.body);
    if (failure.status === 400 && !failure.details.issues) failure.details.issues = [];
    for (const [name, value] of Object.entries(failure.headers)) res.setHeader(name, value);
    const problem = { error: failure.code, message: failure.message, trace_id: traceId, details: failure.details } as Problem;
    res.status(failure.status).json(hasOpenAiErrors(req.path) ? openAiProblem(failure.status, problem) : problem);
  };

/** Maps an exception to an API error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof TooManyWaiting) return overloaded();
  if (isTransientDatabaseError(error)) return unavailable();
  const { code, status } = error as { code?: unknown; status?: unknown };
  // Values that pass validation but PostgreSQL cannot store: NUL in text, numbers out of range, jsonb that is nested too deep.
  if (typeof code === 'string' && (/^22[0-9A-Z]{3}$/.test(code) || code === '54001'))
    return invalid([{ location: 'body', path: '', message: 'holds a value that cannot be stored' }]);
  if (typeof status === 'number' && status >= 400 && status < 500)
    return invalid([{ location: 'path', path: '', message: 'cannot be read' }]);
  return new Failure('internal', 'Something went wrong on our side.');
}

const unavailable = () =>
  new Failure('unavailable', 'A service this needs is not available.', { reason: 'dependency_unavailable' }, { 'retry-after': '1' });
