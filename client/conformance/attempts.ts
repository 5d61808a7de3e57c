import { isIdempotent } from '../../contract/shared/policy.ts';
import { isForm, mostBytes, type Route } from '../../contract/shared/route.ts';
import type { CallOptions } from './call.ts';
import { firstDemand, idParams, isProtected, namesAccount, type Operation } from './operations.ts';
import { callOptionsOf, nowhere, pathOf, type Sample, takesJson } from './sample.ts';

/** A request that must be refused, and how. `after` is a request that has to succeed before. */
export type Attempt = {
  status: number;
  reason?: string;
  /** Where the request is wrong, for a 400. */
  issue?: readonly [location: string, path: string];
  path: string;
  options: CallOptions;
  /** Only the length of a body is sent. */
  announces?: number;
  after?: { path: string; options: CallOptions };
};

/** Who else tries: an API key of the one who made the sample, and somebody who lacks every permission in that account. */
export type Others = { key?: string | undefined; powerless?: { token: string; accountId?: string | undefined } | undefined };

const unknownId = () => crypto.randomUUID();

/** Every refusal that follows from the declaration of a route alone, tried with small changes of a good request. */
export function attemptsOf(operation: Operation, sample: Sample, others: Others = {}): Attempt[] {
  return [
    ...badSyntax(operation, sample),
    ...badCredentials(operation, sample, others),
    ...absent(operation, sample),
    ...badBodies(operation, sample),
  ];
}

/** What can be refused before it is known whether what the path names exists: needs no sample. */
export const attemptsAtNothing = (operation: Operation): Attempt[] =>
  badCredentials(operation, { params: {}, query: {}, body: undefined, headers: {} }, {}).filter(({ status }) => status === 401);

/** 400: a path, a query, a header or a body that breaks a rule. */
function badSyntax({ id, route }: Operation, sample: Sample): Attempt[] {
  const found: Attempt[] = [];
  const options = callOptionsOf(sample);
  if (takesJson(route)) {
    const body = { ...(sample.body as object), nobody_knows: 1 };
    found.push({ status: 400, issue: ['body', '/nobody_knows'], path: pathFor(route, sample), options: callOptionsOf(sample, { body }) });
  }
  const [param] = Object.keys(route.query?._zod.def.shape ?? {});
  if (param) {
    const [path, search = ''] = pathFor(route, sample).split('?');
    const rest = new URLSearchParams(search);
    rest.delete(param);
    const twice = [`${param}=1`, `${param}=2`, ...(rest.size > 0 ? [rest.toString()] : [])].join('&');
    found.push({ status: 400, issue: ['query', param], path: `${path}?${twice}`, options });
  }
  for (const name of idParams(route)) {
    const path = pathFor(route, { ...sample, params: { ...sample.params, [name]: 'garbage' } });
    found.push({ status: 400, issue: ['path', name], path, options });
  }
  if (isProtected(route) || id === 'auth.refresh') {
    const headers = { 'x-account-id': 'mine' };
    found.push({
      status: 400,
      issue: ['header', 'X-Account-Id'],
      path: pathFor(route, sample),
      options: callOptionsOf(sample, { headers }),
    });
  }
  return found;
}

/** 401 and 403: no credential, a bad one, the wrong kind, or one of somebody who may not. */
function badCredentials({ route }: Operation, sample: Sample, { key, powerless }: Others): Attempt[] {
  const path = nowhere(route);
  const found: Attempt[] = [];
  if (route.metadata.origin) {
    const options = callOptionsOf(sample, { headers: { origin: 'https://elsewhere.example' } });
    found.push({ status: 403, reason: 'origin_not_allowed', path: pathFor(route, sample), options });
  }
  if (!isProtected(route)) return found;
  found.push({ status: 401, reason: 'missing_token', path, options: {} });
  found.push({ status: 401, reason: 'invalid_authorization', path, options: { headers: { authorization: 'Basic Zm9v' } } });
  found.push({ status: 401, reason: 'invalid_token', path, options: { token: 'nonsense' } });
  if (key && route.metadata.auth !== 'user+key') found.push({ status: 403, reason: 'api_key_not_allowed', path, options: { token: key } });
  if (powerless && firstDemand(route)) {
    const headers = powerless.accountId === undefined || namesAccount(route) ? {} : { 'x-account-id': powerless.accountId };
    const options = { token: powerless.token, headers };
    found.push({ status: 403, reason: 'missing_permission', path: pathFor(route, sample), options });
  }
  return found;
}

/** 404: an id that names nothing, or an account that is none of the caller's. */
function absent({ route }: Operation, sample: Sample): Attempt[] {
  if (!isProtected(route)) return [];
  const options = callOptionsOf(sample);
  const found: Attempt[] = idParams(route).map((name) => ({
    status: 404,
    path: pathFor(route, { ...sample, params: { ...sample.params, [name]: unknownId() } }),
    options,
  }));
  if (namesAccount(route) || route.metadata.account === 'optional') return found;
  const elsewhere = callOptionsOf(sample, { headers: { 'x-account-id': unknownId() } });
  return [...found, { status: 404, path: pathFor(route, sample), options: elsewhere }];
}

/** 413, 422 and 409: bodies that are too large or cannot be read, and a key that stood for another request. */
function badBodies({ id, route }: Operation, sample: Sample): Attempt[] {
  const found: Attempt[] = [];
  const path = pathFor(route, sample);
  const raw = (text: string | Buffer, type: string) => callOptionsOf(sample, { raw: text, headers: { 'content-type': type } });
  if (route.method !== 'GET' && route.body)
    found.push({ status: 413, path, options: callOptionsOf(sample), announces: mostBytes(route) + 1 });
  if (takesJson(route)) {
    found.push({ status: 422, reason: 'malformed_json', path, options: raw('{', 'application/json') });
    found.push({ status: 422, reason: 'unsupported_content_type', path, options: raw('{}', 'text/plain') });
    const latin = Buffer.from([0x7b, 0xff, 0x7d]);
    found.push({ status: 422, reason: 'invalid_encoding', path, options: raw(latin, 'application/json') });
  }
  if (isForm(route)) found.push({ status: 422, reason: 'unsupported_content_type', path, options: raw('{}', 'application/json') });
  if (isIdempotent(route)) {
    const options = callOptionsOf(sample, { headers: { 'idempotency-key': `conformance-${id}-${unknownId()}` } });
    const other = `${path}${path.includes('?') ? '&' : '?'}another=1`;
    found.push({ status: 409, reason: 'idempotency_key_reused', path: other, options, after: { path, options } });
  }
  return found;
}

const pathFor = (route: Route, { params, query }: Sample) => pathOf(route, params, query);
