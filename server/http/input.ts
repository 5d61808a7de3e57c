import { parse } from 'node:querystring';
import type { Request } from 'express';
import { z } from 'zod';
import type { Issue } from '../../contract/shared/errors.ts';
import { Id } from '../../contract/shared/fields.ts';
import { paramNames } from '../../contract/shared/path.ts';
import type { Route, Schema } from '../../contract/shared/route.ts';
import { invalid } from '../kernel/failure.ts';

type Shapes = { params: Schema; query: Schema | undefined; headers: z.core.$ZodObject | undefined };

/** Every parameter is an id unless the contract says otherwise. */
const shapesOf = (route: Route): Shapes => ({
  params: z.object({ ...Object.fromEntries(paramNames(route.path).map((name) => [name, Id])), ...route.pathParams?._zod.def.shape }),
  query: route.query,
  headers: route.headers,
});
const shapes = new WeakMap<Route, Shapes>();

export type ParsedInput = {
  params: Record<string, string>;
  query: Record<string, unknown>;
  headers: unknown;
  accountId: string | undefined;
};

/** The path, query and header values of a request, parsed; all that is wrong with them at once. */
export function parseInput(route: Route, rawParams: Record<string, string>, req: Request): ParsedInput {
  let shape = shapes.get(route);
  if (!shape) {
    shape = shapesOf(route);
    shapes.set(route, shape);
  }
  const issues: Issue[] = [];
  const details = {};
  const params = check(shape.params, decodeAll(rawParams), 'path', issues) as Record<string, string>;
  const question = req.url.indexOf('?');
  const raw = shape.query && question >= 0 ? noControls({ ...parse(req.url.slice(question + 1)) }, issues) : {};
  const query = (shape.query ? check(shape.query, raw, 'query', issues, details) : {}) as Record<string, unknown>;
  const headers = shape.headers && check(shape.headers, req.headers, 'header', issues);
  const named = req.headers['x-account-id'];
  const accountId =
    named === undefined || route.metadata.auth === 'public'
      ? undefined
      : (check(z.object({ 'X-Account-Id': Id }), { 'X-Account-Id': named }, 'header', issues) as { 'X-Account-Id': string } | undefined)?.[
          'X-Account-Id'
        ];
  if (namesAccount(route) && params && accountId !== undefined && accountId !== params.account_id)
    issues.push({ location: 'header', path: 'X-Account-Id', message: 'must be the account of the path, or left out' });
  if (issues.length > 0) throw invalid(issues, undefined, details);
  return { params, query, headers, accountId };
}

/** Whether the account is the one in the path, whatever the token says. */
export const namesAccount = ({ path }: Route) => path.startsWith('/v1/accounts/{account_id}');

/** Parse a value; what is wrong with it is added to `issues`, and what a rule of the contract says about that (its `params`) to `details`. */
export function check(shape: Schema, value: unknown, location: Issue['location'], issues: Issue[], details: object = {}): unknown {
  const { data, error } = z.safeParse(shape, value);
  for (const issue of error?.issues ?? []) {
    if (issue.code === 'custom') Object.assign(details, issue.params);
    for (const { path, message } of flat(issue))
      issues.push({ location, path: location === 'body' ? pointer(path) : path.join('.'), message });
  }
  return data;
}

/** An unknown key is reported where it is, each on its own. */
const flat = (issue: z.core.$ZodIssue) =>
  issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not known' })) : [issue];

/** A path in a value as a JSON Pointer (RFC 6901). */
export const pointer = (path: readonly PropertyKey[]) =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** A value that is not percent-encoded UTF-8, or holds U+0000, is left undefined and fails its shape. */
const decodeAll = (raw: Record<string, string>) => Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decode(value)]));

function decode(value: string) {
  try {
    const text = decodeURIComponent(value);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function noControls(query: Record<string, unknown>, issues: Issue[]) {
  for (const [name, value] of Object.entries(query))
    if (String(value).includes('\0')) issues.push({ location: 'query', path: name, message: 'must not contain U+0000' });
  return query;
}
