import type { Request } from 'express';
import type { z } from 'zod';
import { type ParamName, paramNames } from '../../../contract/shared/path.ts';
import type { BodyOf, HandlerResult, HeadersOf, ParamsOf, QueryOf, Resource, Route } from '../../../contract/shared/route.ts';
import type { Form } from '../body/multipart.ts';
import type { AuthenticatedRequest, RequestScope, Scope } from '../scope.ts';
import type { StreamBody } from '../sse.ts';

/** Whether a route only reads what its path names, or changes it. */
export type Intent = 'read' | 'write';

/**
 * Loads the resource of a path parameter `{noun_id}` or `{noun}`, or of an id in the query under the key `?param`. Throws 404 if the caller
 * may not see it, 403 if they may see but not change it. `loaded` contains the resources of earlier parameters. Lookups run in the order of
 * their list.
 */
export type ResourceLoader<Found = unknown> = (
  scope: Scope,
  id: string,
  intent: Intent,
  loaded: Record<string, unknown>,
  query: Record<string, unknown>,
) => Promise<Found>;
export type ResourceLoaders = { readonly [noun: string]: ResourceLoader };

type LoadedResources<R extends Route, L extends ResourceLoaders> = {
  [Noun in keyof L & string as ParamName<R['path']> & (Noun | `${Noun}_id`) extends never ? never : Noun]: Awaited<ReturnType<L[Noun]>>;
};

/** The arguments of a handler: the validated request. */
type HandlerInput<R extends Route, L extends ResourceLoaders = Record<never, never>> = {
  scope: R['metadata']['auth'] extends 'public'
    ? RequestScope
    : R['metadata'] extends { secretParam: string }
      ? RequestScope | Scope
      : Scope;
  params: ParamsOf<R>;
  query: z.output<QueryOf<R>>;
  headers: z.output<HeadersOf<R>>;
  body: R extends { contentType: 'multipart/form-data' } ? Form : z.output<BodyOf<R>>;
  loaded: LoadedResources<R, L>;
  /** For handlers that call other operations for the same caller (`callOperation`). */
  authenticated: AuthenticatedRequest;
  req: Request;
  /** Aborts when the client disconnects. */
  signal: () => AbortSignal;
  /** For handlers that wait long for another service: from now on the request does not count as in progress. */
  releaseSlot: () => void;
};

/** Additional response headers, such as `Set-Cookie`. */
type Headers = { headers?: Record<string, string> };
/** A list returns the cursor of its next page, from which its headers are set. */
type Next<R extends Route> = R['metadata'] extends { pages: string } ? { next: string | undefined } : unknown;
type Awaitable<T> = T | Promise<T>;
/** A handler returns a stream or a file as a body that writes itself to the response. */
type WithStreamBody<Result> = Result extends { status: infer Status; body: infer Body }
  ? { status: Status; body: Body extends AsyncIterable<unknown> | Blob ? StreamBody : Body }
  : Result;
export type Handlers<T extends Resource, L extends ResourceLoaders> = {
  [Name in keyof T]: (input: HandlerInput<T[Name], L>) => Awaitable<WithStreamBody<HandlerResult<T[Name]>> & Headers & Next<T[Name]>>;
};

/** A response without its types. */
export type HandlerResponse = { status: number; body: unknown; headers?: Record<string, string> | undefined; next?: string | undefined };

/** The arguments of a handler without the types of its route. */
type UntypedInput = Pick<HandlerInput<Route>, 'authenticated' | 'req' | 'signal' | 'releaseSlot'> & {
  scope: RequestScope;
  params: Record<string, string>;
  query: Record<string, unknown>;
  headers: unknown;
  body: unknown;
  loaded: Record<string, unknown>;
};

/** A route with its resource loaders and its handler. */
export type RouteHandler = {
  route: Route;
  loaders: readonly NamedLoader[];
  handle: (input: UntypedInput) => Promise<HandlerResponse>;
};
type NamedLoader = { noun: string; param: string; in: 'path' | 'query'; load: ResourceLoader };

/** Keys of the loaders for the ids in a route's query that name a resource, such as `?project_id`. */
type QueryKey<R extends Route> = R['metadata'] extends { queryIds: infer Ids }
  ? { [Param in keyof Ids & string]: Ids[Param] extends 'rows' ? never : `?${Param}` }[keyof Ids & string]
  : never;
type QueryLoaders<T extends Resource> = { readonly [Key in { [Name in keyof T]: QueryKey<T[Name]> }[keyof T]]: ResourceLoader };

/** A resource with the handlers of its routes. */
export type Implementation = { resource: Resource; routeHandlers: Readonly<Record<string, RouteHandler>> };

/** Binds handlers to their contract. Inferring `H` against `Handlers` keeps literal types. The result is untyped. */
export const implement = <const T extends Resource, L extends ResourceLoaders, H extends Handlers<T, L>>(
  resource: T,
  loaders: L & QueryLoaders<T>,
  handlers: H,
): Implementation => ({
  resource,
  routeHandlers: Object.fromEntries(
    Object.entries(resource).map(([name, route]) => {
      // Safe: `handleRequest` validates each part of the input with the schemas of the same route.
      const handle = handlers[name] as unknown as RouteHandler['handle'];
      return [name, { route, loaders: loadersOf(route, loaders), handle }];
    }),
  ),
});

const loadersOf = ({ path, metadata: { queryIds = {} } }: Route, loaders: ResourceLoaders): NamedLoader[] =>
  Object.entries(loaders).flatMap(([key, load]): NamedLoader[] =>
    key.startsWith('?')
      ? Object.keys(queryIds).flatMap((param) => (`?${param}` === key ? [{ noun: key, param, in: 'query', load }] : []))
      : [`${key}_id`, key].flatMap((param) => (paramNames(path).includes(param) ? [{ noun: key, param, in: 'path', load }] : [])),
  );
