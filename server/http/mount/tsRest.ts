import { Stream } from 'node:stream';
import { type AppRoute, ContractNoBody } from '@ts-rest/core';
import { type AppRouteOptions, createExpressEndpoints } from '@ts-rest/express';
import type { IRouter, Request, RequestHandler, Response } from 'express';
import type { Resource, Route } from '../../../contract/shared/route.ts';
import type { StreamBody } from '../sse.ts';

/** How a route is served: `check` passes on an error or continues, then `respond` runs. */
export type Endpoint = {
  check: RequestHandler;
  respond(req: Request, res: Response): Promise<{ status: number; body: unknown }>;
};

/** Called once for each route, with its path template and its handlers in order. */
export type Register = (method: Route['method'], path: string, handlers: readonly RequestHandler[]) => void;

/**
 * Has ts-rest build the handlers of a resource: they run `check`, then `respond`, pass exceptions to the error handler, and write the
 * response. This is the only file of the server that uses ts-rest.
 */
export function createEndpoints(resource: Resource, endpoints: Readonly<Record<string, Endpoint>>, register: Register): void {
  const routes = mapValues(resource, shapeOf);
  const implementations = mapValues(endpoints, ({ check, respond }) => {
    const options = { middleware: [check], handler: ({ req, res }: { req: Request; res: Response }) => respond(req, res) };
    // The types of ts-rest derive the result from the schemas of the route. Here `implement` has compared it with the contract.
    return options as unknown as AppRouteOptions<AppRoute>;
  });
  createExpressEndpoints(routes, implementations, routerOf(register), { logInitialization: false });
}

/**
 * The part of a route that ts-rest needs to write responses: whether each has a body. It gets no schemas, because `authenticateRequest` and
 * `handleRequest` validate the input.
 */
function shapeOf({ method, path, responses }: Route): AppRoute {
  const bodies = mapValues(responses, (body) => (body === null ? ContractNoBody : null));
  return method === 'GET' ? { method, path, responses: bodies } : { method, path, body: null, responses: bodies };
}

/** A router that matches nothing. It passes what ts-rest registers to `register`. */
function routerOf(register: Register): IRouter {
  const on =
    (method: Route['method']) =>
    (path: string, ...handlers: RequestHandler[]) =>
      register(method, path, handlers);
  // ts-rest adds an error handler for failed validations with `use`. Without schemas, no validation fails.
  const router = { get: on('GET'), post: on('POST'), put: on('PUT'), patch: on('PATCH'), delete: on('DELETE'), use: () => {} };
  // ts-rest calls only these methods, with the path of the route and a list of handlers, and ignores their results.
  return router as unknown as IRouter;
}

/** A response body that writes itself. ts-rest sends a stream by calling its `pipe` with the response, after setting the status. */
export class PipeableBody extends Stream {
  readonly #body: StreamBody;
  readonly #res: Response;
  constructor(body: StreamBody, res: Response) {
    super();
    this.#body = body;
    this.#res = res;
  }
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    this.#res.emit('streaming');
    this.#body.attach(this.#res);
    return destination;
  }
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
