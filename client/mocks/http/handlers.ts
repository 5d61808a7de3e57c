import { http, type HttpHandler } from 'msw';
import { type Operation, operations, table } from '../operations.ts';

type Respond = (request: Request, cookies: Record<string, string>) => Promise<Response>;

/** One handler per route, and one for unknown paths below `/v1/`. `pathOf` returns undefined for requests to other servers. */
export function handlersOf(pathOf: (request: Request) => string | undefined, baseUrl: string, respond: Respond): HttpHandler[] {
  // MSW calls the predicates one after the other until one matches: cache the operation per request.
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
    // The name in MSW's lists and logs.
    handler.info.header = `${method} ${baseUrl}${path}`;
    return handler;
  };
  const rest = http.all(
    ({ request }) => pathOf(request)?.startsWith('/v1/') === true,
    ({ request, cookies }) => respond(request, cookies),
  );
  return [...operations.map(one), rest];
}
