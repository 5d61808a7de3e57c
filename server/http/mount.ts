import { Stream } from 'node:stream';
import { type AppRouter, ContractNoBody } from '@ts-rest/core';
import { createExpressEndpoints } from '@ts-rest/express';
import type { Request, RequestHandler, Response } from 'express';
import { hasBytes, streamOf } from '../../contract/shared/route.ts';
import { RouteTable } from '../../contract/shared/routeTable.ts';
import type { App } from '../kernel/app.ts';
import { rateLimitAddress } from '../kernel/clientAddress.ts';
import { createConcurrencyLimiter } from '../kernel/concurrency.ts';
import { Failure } from '../kernel/failure.ts';
import { type Admission, admit, overloaded } from './admit.ts';
import { type Caller, callers } from './caller.ts';
import type { Implementation, Served } from './implement.ts';
import { type IncomingBody, incomingBody } from './incomingBody.ts';
import { inOrder } from './order.ts';
import { pageHeaders } from './pages.ts';
import { hangUp, serve } from './serve.ts';
import { takeSlot } from './slot.ts';
import type { StreamBody } from './sse.ts';
import { createUnfinishedRequests, hasBody } from './unfinished.ts';

/**
 * Serve the resources. ts-rest makes each route's chain of handlers; a tree of path steps finds the route, because Express tries
 * its routes one by one and knows neither 405 nor `/{id}:action` (measured: three times the throughput with 190 routes).
 */
export function mount(app: App, implementations: readonly Implementation[]): RequestHandler {
  const table = new RouteTable<RequestHandler>();
  for (const { resource, served } of implementations) {
    const register =
      (method: string) =>
      (path: string, ...chain: RequestHandler[]) =>
        table.add(method, path, inOrder(...chain));
    const registrar = {
      get: register('GET'),
      post: register('POST'),
      put: register('PUT'),
      patch: register('PATCH'),
      delete: register('DELETE'),
      use: () => {},
    };
    const handlers = Object.fromEntries(
      Object.entries(served).map(([name, one]) => [name, { middleware: [admitted(app, one)], handler: handlerOf(app, one) }]),
    );
    const shapes = Object.fromEntries(Object.entries(resource).map(([name, route]) => [name, shapeOf(route)]));
    createExpressEndpoints(shapes as unknown as AppRouter, handlers as never, registrar as never, { logInitialization: false });
  }

  const { callerOf } = callers(app.config);
  const inProgress = createConcurrencyLimiter(app.config.apiMaxInFlight);
  const unfinished = createUnfinishedRequests({
    perAddress: app.config.maxUnfinishedRequestsPerAddress,
    total: app.config.maxUnfinishedRequests,
  });
  return (req, res, next) => {
    const hit = table.find(req.method, req.path);
    if (!hit) return next();
    if ('allow' in hit) throw new Failure('wrong_method', `${req.method} is not possible here.`, {}, { allow: hit.allow.join(', ') });
    const slot = takeSlot(inProgress);
    if (!slot) throw overloaded();
    // Neither an open stream nor an answer that its reader does not take is in progress.
    res.once('close', slot.close).once('streaming', slot.close).once('answered', slot.close);
    const caller = callerOf(req);
    const shed = hasBody(req) ? new AbortController() : undefined;
    if (shed)
      unfinished.enter(req, rateLimitAddress(caller.ip), () => {
        // What was answered before its end has no other answer.
        if (res.headersSent) return void req.socket.destroy();
        // What makes room does not linger.
        res.once('finish', () => req.socket.destroy());
        shed.abort(tooSlow());
      });
    const locals = res.locals as Locals;
    locals.params = hit.params;
    locals.caller = caller;
    locals.body = incomingBody(req, slot, shed?.signal);
    void hit.value(req, res, next);
  };
}

/** The answer to a sender who takes too long while too many do. The rest of the body is not read. */
function tooSlow(): Failure {
  const failure = overloaded();
  failure.headers.connection = 'close';
  return failure;
}

/** What one step of a chain leaves for the next (measured: weak maps keyed by the request cost the garbage collector more). */
type Locals = { params: Record<string, string>; path: string; caller: Caller; body: IncomingBody; admission: Admission };

function admitted(app: App, { route }: Served): RequestHandler {
  return (req, res, next) => {
    if (req.method === 'HEAD' && streamOf(route)) throw new Failure('wrong_method', 'A stream has no HEAD.', {}, { allow: 'GET' });
    const locals = res.locals as Locals;
    locals.path = route.path;
    admit(app, route, locals.params, req, res, locals.caller).then((admission) => {
      locals.admission = admission;
      next();
    }, next);
  };
}

const handlerOf =
  (app: App, served: Served) =>
  async ({ req, res }: { req: Request; res: Response }) => {
    const signal = hangUp(res);
    const { admission, body: incoming } = res.locals as Locals;
    const { status, body, headers, next } = await serve(app, served, admission, incoming, req, signal);
    for (const [name, value] of Object.entries({ ...headers, ...pageHeaders(req.originalUrl, next) })) res.setHeader(name, value);
    const writesItself = status === 200 && (streamOf(served.route) || hasBytes(served.route));
    return { status, body: writesItself ? new Piped(body as StreamBody) : body };
  };

/** What ts-rest pipes into the response; the stream writes itself. */
class Piped extends Stream {
  readonly #body: StreamBody;
  constructor(body: StreamBody) {
    super();
    this.#body = body;
  }
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    destination.emit('streaming');
    this.#body.attach(destination as unknown as Response);
    return destination;
  }
}

/** The route as ts-rest needs it: our own admission has parsed everything by the time its handler runs. */
const shapeOf = ({ method, path, responses }: Served['route']) => ({
  method,
  path,
  responses: Object.fromEntries(Object.entries(responses).map(([status, answer]) => [status, answer ?? ContractNoBody])),
});
