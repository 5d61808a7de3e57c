import { fillPath } from '../../contract/shared/path.ts';
import { isMultipart, type Route } from '../../contract/shared/route.ts';
import type { CallOptions } from './call.ts';

export type Params = Record<string, string>;

/** A valid request. */
export type Sample = {
  params: Params;
  query: Record<string, string>;
  body: unknown;
  token?: string;
  headers: Record<string, string>;
  /** A body that is not JSON. */
  raw?: Buffer;
};

export function pathOf({ path }: Pick<Route, 'path'>, params: Params, query: Record<string, string> = {}): string {
  return fillPath(path, params as never) + searchOf(query);
}

const searchOf = (query: Record<string, string>) => {
  const search = new URLSearchParams(query).toString();
  return search && `?${search}`;
};

/** The path with a random UUID for every parameter. */
export const unknownPath = ({ path }: Pick<Route, 'path'>, query: Record<string, string> = {}) =>
  path.replace(/\{\w+(\.\.\.)?\}/g, () => crypto.randomUUID()) + searchOf(query);

export const takesJson = (route: Route) => route.method !== 'GET' && Boolean(route.body) && !isMultipart(route);

export function callOptionsOf({ body, token, headers, raw }: Sample, more: CallOptions = {}): CallOptions {
  const bytes = more.raw ?? raw;
  return {
    ...(token !== undefined && { token }),
    ...more,
    headers: { ...headers, ...more.headers },
    ...(bytes === undefined ? { body: 'body' in more ? more.body : body } : { raw: bytes }),
  };
}
