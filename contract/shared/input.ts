import { z } from 'zod';
import type { Issue } from './errors.ts';
import { Id } from './fields.ts';
import { paramNames } from './path.ts';
import type { Route, Schema } from './route.ts';

type Shapes = { params: Schema; query: Schema | undefined; headers: z.core.$ZodObject | undefined };

/** Every parameter is an id unless the contract says otherwise. */
const shapesOf = (route: Route): Shapes => ({
  params: z.object({ ...Object.fromEntries(paramNames(route.path).map((name) => [name, Id])), ...route.pathParams?._zod.def.shape }),
  query: route.query,
  headers: route.headers,
});
const shapes = new WeakMap<Route, Shapes>();

/** The values of a request beside its body, before and after they are parsed. */
export type RawInput = { params: Record<string, string>; query: Record<string, unknown>; headers: Record<string, unknown> };
export type ParsedInput = {
  params: Record<string, string>;
  query: Record<string, unknown>;
  headers: unknown;
  /** The account that `X-Account-Id` names. */
  accountId: string | undefined;
};

/** All that is wrong with a request, and what the contract's rules say about it. */
export type Faults = { issues: Issue[]; details: Record<string, unknown> };

/** The path, query and header values of a request, parsed; what is wrong with them is added to `faults`. */
export function parseInput(route: Route, raw: RawInput, { issues, details }: Faults): ParsedInput {
  let shape = shapes.get(route);
  if (!shape) {
    shape = shapesOf(route);
    shapes.set(route, shape);
  }
  const params = check(shape.params, decodeAll(raw.params), 'path', issues) as Record<string, string>;
  const query = (shape.query ? check(shape.query, noControls(raw.query, issues), 'query', issues, details) : {}) as Record<string, unknown>;
  const headers = shape.headers && check(shape.headers, raw.headers, 'header', issues);
  const named = raw.headers['x-account-id'];
  const accountId =
    named === undefined || route.metadata.auth === 'public'
      ? undefined
      : (check(z.object({ 'X-Account-Id': Id }), { 'X-Account-Id': named }, 'header', issues) as { 'X-Account-Id': string } | undefined)?.[
          'X-Account-Id'
        ];
  if (namesAccount(route) && params && accountId !== undefined && accountId !== params.account_id)
    issues.push({ location: 'header', path: 'X-Account-Id', message: 'must be the account of the path, or left out' });
  return { params, query, headers, accountId };
}

/** Whether the account is the one in the path, whatever the token says. */
export const namesAccount = ({ path }: Pick<Route, 'path'>) => path.startsWith('/v1/accounts/{account_id}');

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
