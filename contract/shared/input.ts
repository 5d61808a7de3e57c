import { z } from 'zod';
import type { Issue } from './errors.ts';
import { Id } from './fields.ts';
import { paramNames } from './path.ts';
import type { Route, Schema } from './route.ts';

type InputSchemas = { params: Schema; query: Schema | undefined; headers: z.core.$ZodObject | undefined };

/** A path parameter is an ID unless the contract declares otherwise. */
const inputSchemasOf = (route: Route): InputSchemas => ({
  params: z.object({ ...Object.fromEntries(paramNames(route.path).map((name) => [name, Id])), ...route.pathParams?._zod.def.shape }),
  query: route.query,
  headers: route.headers,
});
const schemaCache = new WeakMap<Route, InputSchemas>();

/** The path, query and header values of a request, before parsing. */
export type RawInput = { params: Record<string, string>; query: Record<string, unknown>; headers: Record<string, unknown> };
export type ParsedInput = {
  params: Record<string, string>;
  query: Record<string, unknown>;
  headers: unknown;
  /** The value of `X-Account-Id`. */
  accountId: string | undefined;
};

/** The validation errors of a request, and the `params` of the violated rules. */
export type ValidationErrors = { issues: Issue[]; details: Record<string, unknown> };

/** Parses the path, query and header values of a request. Errors are added to the last argument. */
export function parseInput(route: Route, raw: RawInput, { issues, details }: ValidationErrors): ParsedInput {
  let shape = schemaCache.get(route);
  if (!shape) {
    shape = inputSchemasOf(route);
    schemaCache.set(route, shape);
  }
  const params = parseValue(shape.params, decodeParams(raw.params), 'path', issues) as Record<string, string>;
  const query = (shape.query ? parseValue(shape.query, rejectNulCharacters(raw.query, issues), 'query', issues, details) : {}) as Record<
    string,
    unknown
  >;
  rejectUnknownParameters(route, raw.query, issues);
  const headers = shape.headers && parseValue(shape.headers, raw.headers, 'header', issues);
  const named = raw.headers['x-account-id'];
  const accountId =
    named === undefined || route.metadata.auth === 'public'
      ? undefined
      : (
          parseValue(z.object({ 'X-Account-Id': Id }), { 'X-Account-Id': named }, 'header', issues) as
            | { 'X-Account-Id': string }
            | undefined
        )?.['X-Account-Id'];
  if (hasAccountInPath(route) && params && accountId !== undefined && accountId !== params.account_id)
    issues.push({ location: 'header', path: 'X-Account-Id', message: 'must be the account of the path, or left out' });
  return { params, query, headers, accountId };
}

function rejectUnknownParameters({ query, metadata }: Route, given: object, issues: Issue[]) {
  if (metadata.ignoresUnknownQuery) return;
  const known = query?._zod.def.shape ?? {};
  for (const path of Object.keys(given)) if (!Object.hasOwn(known, path)) issues.push({ location: 'query', path, message: 'is not known' });
}

/** Whether the account in the path is used instead of the account of the token. */
export const hasAccountInPath = ({ path }: Pick<Route, 'path'>) => path.startsWith('/v1/accounts/{account_id}');

/** Parses a value. Errors are added to `issues`, and the `params` of violated custom rules to `details`. */
export function parseValue(shape: Schema, value: unknown, location: Issue['location'], issues: Issue[], details: object = {}): unknown {
  const { data, error } = z.safeParse(shape, value);
  for (const issue of error?.issues ?? []) {
    const params = issue.code === 'custom' ? issue.params : undefined;
    Object.assign(details, params);
    const reason = typeof params?.reason === 'string' && { reason: params.reason };
    for (const { path, message } of splitUnknownKeys(issue))
      issues.push({ location, path: location === 'body' ? jsonPointer(path) : path.join('.'), message, ...reason });
  }
  return data;
}

/** Unknown keys are reported separately, each at its own path. */
const splitUnknownKeys = (issue: z.core.$ZodIssue) =>
  issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not known' })) : [issue];

/** Formats a path as a JSON Pointer (RFC 6901). */
export const jsonPointer = (path: readonly PropertyKey[]) =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Values that are not percent-encoded UTF-8, or that contain U+0000, become undefined and fail validation. */
const decodeParams = (raw: Record<string, string>) =>
  Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decodeParam(value)]));

function decodeParam(value: string) {
  try {
    const text = decodeURIComponent(value);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function rejectNulCharacters(query: Record<string, unknown>, issues: Issue[]) {
  for (const [name, value] of Object.entries(query))
    if ([value].flat().some((each) => typeof each === 'string' && each.includes('\0')))
      issues.push({ location: 'query', path: name, message: 'must not contain U+0000' });
  return query;
}
