import type { RequestHandler } from 'express';
import { deprecationHeaders } from '../../../contract/deprecation.ts';
import { eventStreamOf, returnsFile } from '../../../contract/shared/route.ts';
import { RouteTable } from '../../../contract/shared/routeTable.ts';
import { createConcurrencyLimiter } from '../../platform/concurrency.ts';
import { Failure } from '../../platform/failure.ts';
import { rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { authenticateRequest, overloaded } from '../access/authenticateRequest.ts';
import { type Caller, createCallerResolver } from '../access/caller.ts';
import type { App } from '../app.ts';
import { type IncomingBody, incomingBody } from '../body/incomingBody.ts';
import { createUnfinishedRequests, hasBody } from '../body/unfinishedRequests.ts';
import { disconnectSignal, handleRequest } from '../handleRequest.ts';
import { pageHeaders } from '../pages.ts';
import type { Implementation, RouteHandler } from '../pipeline/implement.ts';
import { acquireRequestSlot } from '../pipeline/requestSlot.ts';
import type { AuthenticatedRequest } from '../scope.ts';
import { isStreamBody, type StreamBody } from '../sse.ts';
import { chainHandlers } from './chainHandlers.ts';
import { addHeaders, withDeprecationHeaders } from './deprecation.ts';
import { createEndpoints, type Endpoint, PipeableBody } from './tsRest.ts';

/**
 * Serves the resources. ts-rest builds the handler chain of each route. A tree of path segments finds the route, because Express tries its
 * routes one by one and supports neither 405 nor `/{id}:action` (measured: three times the throughput with 190 routes).
 */
export function mount(app: App, implementations: readonly Implementation[]): RequestHandler {
  const table = new RouteTable<RequestHandler>();
  for (const { resource, routeHandlers } of implementations) {
    const endpoints = Object.fromEntries(
      Object.entries(routeHandlers).map(([name, one]) => [name, endpointOf(app, withDeprecationHeaders(one))]),
    );
    createEndpoints(resource, endpoints, (method, path, handlers) => table.add(method, path, chainHandlers(...handlers)));
  }

  const { callerOf } = createCallerResolver(app.config);
  const inProgress = createConcurrencyLimiter(app.config.apiMaxInFlight);
  const unfinished = createUnfinishedRequests({
    perAddress: app.config.maxUnfinishedRequestsPerAddress,
    total: app.config.maxUnfinishedRequests,
  });
  return (req, res, next) => {
    const hit = table.find(req.method, req.path);
    if (!hit) return next();
    if ('allow' in hit) throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: hit.allow.join(', ') });
    const slot = acquireRequestSlot(inProgress);
    if (!slot) throw overloaded();
    // An open stream, or a response that the client does not read, does not count as in progress.
    res.once('close', slot.close).once('streaming', slot.close).once('answered', slot.close);
    const caller = callerOf(req);
    const shed = hasBody(req) ? new AbortController() : undefined;
    if (shed)
      unfinished.track(req, rateLimitAddress(caller.ip), () => {
        // The request already has its response.
        if (res.headersSent) return void req.socket.destroy();
        // Close at once instead of in stages (`enableLingeringClose`), to free the connection.
        res.once('finish', () => req.socket.destroy());
        shed.abort(tooSlow());
      });
    const locals = res.locals as Locals;
    locals.params = hit.params;
    locals.caller = caller;
    locals.body = incomingBody(req, res, { config: app.config, slot, shed: shed?.signal });
    void hit.value(req, res, next);
  };
}

/** The error for the slowest unfinished request. Closes the connection, because the rest of the body is not read. */
function tooSlow(): Failure {
  const failure = overloaded();
  failure.headers.connection = 'close';
  return failure;
}

/** State passed along a handler chain (measured: weak maps keyed by the request cost the garbage collector more). */
type Locals = { params: Record<string, string>; path: string; caller: Caller; body: IncomingBody; authenticated: AuthenticatedRequest };

const endpointOf = (app: App, served: RouteHandler): Endpoint => ({
  check(req, res, next) {
    const { route } = served;
    if (req.method === 'HEAD' && eventStreamOf(route)) throw new Failure('wrong_method', 'A stream has no HEAD.', {}, { allow: 'GET' });
    const locals = res.locals as Locals;
    locals.path = route.path;
    if (route.metadata.deprecated) addHeaders(res, deprecationHeaders(route.metadata.deprecated));
    authenticateRequest(app, route, locals.params, req, res, locals.caller).then((admission) => {
      locals.authenticated = admission;
      next();
    }, next);
  },
  async respond(req, res) {
    const signal = disconnectSignal(res);
    const { authenticated, body: incoming } = res.locals as Locals;
    const { status, body, headers, next } = await handleRequest(app, served, authenticated, incoming, req, signal);
    addHeaders(res, headers);
    addHeaders(res, pageHeaders(req.originalUrl, next));
    const writesItself = status === 200 && (eventStreamOf(served.route) || returnsFile(served.route) || isStreamBody(body));
    // `Handlers` requires a `StreamBody` for these responses.
    return { status, body: writesItself ? new PipeableBody(body as StreamBody, res) : body };
  },
});
