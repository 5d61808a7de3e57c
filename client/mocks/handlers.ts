import { type HttpHandler, http } from 'msw';
import { type Operation, operations, table } from './operations.ts';

type Respond = (request: Request, cookies: Record<string, string>) => Promise<Response>;

/** A handler for each route, and one for all paths below `/v1/` that are none. `pathOf` tells the path of a request to the mocked server. */
export function handlersOf(pathOf: (request: Request) => string | undefined, baseUrl: string, respond: Respond): HttpHandler[] {
  // Every handler is asked about a request until one takes it.
  const known = new WeakMap<Request, Operation | 'none'>();
  const operationOf = (request: Request) => {
    const path = pathOf(request);
    const hit = path === undefined ? undefined : table.find(request.method, path);
    const operation = hit && 'value' in hit ? hit.value : 'none';
    known.set(request, operation);
    return operation;
  };
  const one = (operation: Operation) => {
    const { method, path } = operation.route;
    const register = http[method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'];
    const handler = register(
      ({ request }) => (known.get(request) ?? operationOf(request)) === operation,
      ({ request, cookies }) => respond(request, cookies),
    );
    // How it is called in lists and logs of MSW.
    handler.info.header = `${method} ${baseUrl}${path}`;
    return handler;
  };
  const rest = http.all(
    ({ request }) => pathOf(request)?.startsWith('/v1/') === true,
    ({ request, cookies }) => respond(request, cookies),
  );
  return [...operations.map(one), rest];
}
