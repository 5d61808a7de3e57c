import { fillPath } from '../../contract/shared/path.ts';
import { isForm, type Route } from '../../contract/shared/route.ts';
import type { CallOptions } from './call.ts';

/** What the parameters of a path stand for, by their names. */
export type Params = Record<string, string>;

/** A request that the server should fulfil. */
export type Sample = {
  params: Params;
  query: Record<string, string>;
  body: unknown;
  token?: string;
  headers: Record<string, string>;
  /** The bytes of a body that is no JSON. */
  raw?: Buffer;
};

/** The URL path of a request. */
export function pathOf({ path }: Pick<Route, 'path'>, params: Params, query: Record<string, string> = {}): string {
  return fillPath(path, params as never) + searchOf(query);
}

const searchOf = (query: Record<string, string>) => {
  const search = new URLSearchParams(query).toString();
  return search && `?${search}`;
};

/** A path whose ids name nothing. */
export const nowhere = ({ path }: Pick<Route, 'path'>, query: Record<string, string> = {}) =>
  path.replace(/\{\w+(\.\.\.)?\}/g, () => crypto.randomUUID()) + searchOf(query);

/** Whether a route reads its body as JSON. */
export const takesJson = (route: Route) => route.method !== 'GET' && Boolean(route.body) && !isForm(route);

/** How a sample is sent, with a few changes. */
export function callOptionsOf({ body, token, headers, raw }: Sample, more: CallOptions = {}): CallOptions {
  const bytes = more.raw ?? raw;
  return {
    ...(token !== undefined && { token }),
    ...more,
    headers: { ...headers, ...more.headers },
    ...(bytes === undefined ? { body: 'body' in more ? more.body : body } : { raw: bytes }),
  };
}
