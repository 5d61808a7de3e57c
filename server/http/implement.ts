import type { Request } from 'express';
import type { z } from 'zod';
import { type ParamName, paramNames } from '../../contract/shared/path.ts';
import type { AnswerOf, BodyOf, HeadersOf, ParamsOf, QueryOf, Resource, Route } from '../../contract/shared/route.ts';
import type { RequestScope, Scope } from '../kernel/scope.ts';
import type { Form } from './multipart.ts';

/** Whether a route only reads what its path names. */
export type Intent = 'read' | 'write';

/**
 * Finds what a path parameter `{noun_id}` or `{noun}` names, or under the key `?param` what an id in the query names; throws 404 when the caller
 * may not see it, 403 when they may see but not change it. `found` is what the parameters before it named. Lookups run in the order of their list.
 */
export type Lookup<Found = unknown> = (
  scope: Scope,
  id: string,
  intent: Intent,
  found: Record<string, unknown>,
  query: Record<string, unknown>,
) => Promise<Found>;
export type Lookups = { readonly [noun: string]: Lookup };

type Found<R extends Route, L extends Lookups> = {
  [Noun in keyof L & string as ParamName<R['path']> & (Noun | `${Noun}_id`) extends never ? never : Noun]: Awaited<ReturnType<L[Noun]>>;
};

/** What a handler is given: the request as the contract describes it, already admitted. */
export type Input<R extends Route, L extends Lookups = Record<never, never>> = {
  scope: R['metadata']['auth'] extends 'public' ? RequestScope : R['metadata'] extends { openWith: string } ? RequestScope | Scope : Scope;
  params: ParamsOf<R>;
  query: z.output<QueryOf<R>>;
  headers: z.output<HeadersOf<R>>;
  body: R extends { contentType: 'multipart/form-data' } ? Form : z.output<BodyOf<R>>;
  found: Found<R, L>;
  req: Request;
  /** Aborted when the caller hangs up. */
  signal: () => AbortSignal;
};

/** Headers beside the body: `Link`, `Set-Cookie`, … */
type Headers = { headers?: Record<string, string> };
/** A list says where its next page begins; the headers follow from that. */
type Next<R extends Route> = R['metadata'] extends { pages: string } ? { next: string | undefined } : unknown;
type Awaitable<T> = T | Promise<T>;
export type Handlers<T extends Resource, L extends Lookups> = {
  [Name in keyof T]: (input: Input<T[Name], L>) => Awaitable<AnswerOf<T[Name]> & Headers & Next<T[Name]>>;
};

/** An answer once the types are forgotten. */
export type Answered = { status: number; body: unknown; headers?: Record<string, string> | undefined; next?: string | undefined };

/** A route with the code that serves it. */
export type Served = { route: Route; lookups: readonly NamedLookup[]; handle: (input: Input<Route>) => Promise<Answered> };
type NamedLookup = { noun: string; param: string; in: 'path' | 'query'; find: Lookup };

/** The ids in the query of a route that name a resource, as keys of lookups: `?project_id`. */
type QueryKey<R extends Route> = R['metadata'] extends { queryIds: infer Ids }
  ? { [Param in keyof Ids & string]: Ids[Param] extends 'rows' ? never : `?${Param}` }[keyof Ids & string]
  : never;
type QueryLookups<T extends Resource> = { readonly [Key in { [Name in keyof T]: QueryKey<T[Name]> }[keyof T]]: Lookup };

/** A resource with the code that serves it. */
export type Implementation = { resource: Resource; served: Readonly<Record<string, Served>> };

/** Tie handlers to their contract. `H` is inferred against `Handlers`, which keeps literal types; beyond this point the types are forgotten. */
export const implement = <const T extends Resource, L extends Lookups, H extends Handlers<T, L>>(
  resource: T,
  lookups: L & QueryLookups<T>,
  handlers: H,
): Implementation => ({
  resource,
  served: Object.fromEntries(
    Object.entries(resource).map(([name, route]) => [
      name,
      { route, lookups: lookupsOf(route, lookups), handle: handlers[name] as unknown as Served['handle'] },
    ]),
  ),
});

/** The lookups of what the path and the query of a route name. */
const lookupsOf = ({ path, metadata: { queryIds = {} } }: Route, lookups: Lookups): NamedLookup[] =>
  Object.entries(lookups).flatMap(([key, find]): NamedLookup[] =>
    key.startsWith('?')
      ? Object.keys(queryIds).flatMap((param) => (`?${param}` === key ? [{ noun: key, param, in: 'query', find }] : []))
      : [`${key}_id`, key].flatMap((param) => (paramNames(path).includes(param) ? [{ noun: key, param, in: 'path', find }] : [])),
  );
