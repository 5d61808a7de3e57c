import { paramNames } from '../../contract/shared/path.ts';
import { isIdempotent } from '../../contract/shared/policy.ts';
import { isMultipart, maxBodyBytes, type Route } from '../../contract/shared/route.ts';
import type { CallOptions } from './call.ts';
import { firstRequiredPermission, idParams, isProtected, namesAccount, type Operation } from './operations.ts';
import { callOptionsOf, pathOf, type Sample, takesJson, unknownPath } from './sample.ts';

/** A request and the error it must get. `after` is a request that has to succeed first. */
export type Probe = {
  status: number;
  reason?: string;
  /** The expected issue of a 400. */
  issue?: readonly [location: string, path: string];
  path: string;
  options: CallOptions;
  /** Content-Length to send without a body. */
  announces?: number;
  after?: { path: string; options: CallOptions };
};

/** `key`: an API key of the user who made the sample. `unprivileged`: a user without permissions in the account of the sample. */
export type OtherCredentials = { key?: string | undefined; unprivileged?: { token: string; accountId?: string | undefined } | undefined };

const unknownId = () => crypto.randomUUID();

/** All errors that follow from the declaration of a route, each provoked by a small change to a valid request. */
export function probesOf(operation: Operation, sample: Sample, others: OtherCredentials = {}): Probe[] {
  return [
    ...syntaxProbes(operation, sample),
    ...credentialProbes(operation, sample, others),
    ...notFoundProbes(operation, sample),
    ...bodyProbes(operation, sample),
  ];
}

/** Errors that the server returns before it looks up the resource of the path; they need no sample. */
export function probesWithoutSample(operation: Operation): Probe[] {
  const params = Object.fromEntries(paramNames(operation.route.path).map((name) => [name, unknownId()]));
  return credentialProbes(operation, { params, query: {}, body: undefined, headers: {} }, {}).filter(({ status }) => status === 401);
}

/** 400: an invalid path, query, header or body. */
function syntaxProbes({ id, route }: Operation, sample: Sample): Probe[] {
  const found: Probe[] = [];
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
  if (!route.metadata.ignoresUnknownQuery) {
    const path = pathFor(route, { ...sample, query: { ...sample.query, nobody_knows: '1' } });
    found.push({ status: 400, issue: ['query', 'nobody_knows'], path, options });
  }
  return found;
}

/** 401 and 403: no credential, an invalid one, the wrong kind, or missing permissions. */
function credentialProbes({ route }: Operation, sample: Sample, { key, unprivileged }: OtherCredentials): Probe[] {
  const path = unknownPath(route);
  const found: Probe[] = [];
  if (route.metadata.origin) {
    const options = callOptionsOf(sample, { headers: { origin: 'https://elsewhere.example' } });
    found.push({ status: 403, reason: 'origin_not_allowed', path: pathFor(route, sample), options });
  }
  if (!isProtected(route)) return found;
  found.push({ status: 401, reason: 'missing_token', path, options: {} });
  found.push({ status: 401, reason: 'invalid_authorization', path, options: { headers: { authorization: 'Basic Zm9v' } } });
  found.push({ status: 401, reason: 'invalid_token', path, options: { token: 'nonsense' } });
  if (key && route.metadata.auth !== 'user+key') found.push({ status: 403, reason: 'api_key_not_allowed', path, options: { token: key } });
  if (unprivileged && firstRequiredPermission(route)) {
    const headers = unprivileged.accountId === undefined || namesAccount(route) ? {} : { 'x-account-id': unprivileged.accountId };
    const options = { token: unprivileged.token, headers };
    found.push({ status: 403, reason: 'missing_permission', path: pathFor(route, sample), options });
  }
  return found;
}

/** 404: an unknown id, or an account that the caller is not a member of. */
function notFoundProbes({ route }: Operation, sample: Sample): Probe[] {
  if (!isProtected(route)) return [];
  const options = callOptionsOf(sample);
  const found: Probe[] = idParams(route).map((name) => ({
    status: 404,
    path: pathFor(route, { ...sample, params: { ...sample.params, [name]: unknownId() } }),
    options,
  }));
  if (namesAccount(route) || route.metadata.account === 'optional') return found;
  const elsewhere = callOptionsOf(sample, { headers: { 'x-account-id': unknownId() } });
  return [...found, { status: 404, path: pathFor(route, sample), options: elsewhere }];
}

/** 413, 422 and 409: bodies that are too large or unreadable, and an Idempotency-Key reused for another request. */
function bodyProbes({ id, route }: Operation, sample: Sample): Probe[] {
  const found: Probe[] = [];
  const path = pathFor(route, sample);
  const raw = (text: string | Buffer, type: string) => callOptionsOf(sample, { raw: text, headers: { 'content-type': type } });
  if (route.method !== 'GET' && route.body)
    found.push({ status: 413, path, options: callOptionsOf(sample), announces: maxBodyBytes(route) + 1 });
  if (takesJson(route)) {
    found.push({ status: 422, reason: 'malformed_json', path, options: raw('{', 'application/json') });
    found.push({ status: 422, reason: 'unsupported_content_type', path, options: raw('{}', 'text/plain') });
    const latin = Buffer.from([0x7b, 0xff, 0x7d]);
    found.push({ status: 422, reason: 'invalid_encoding', path, options: raw(latin, 'application/json') });
  }
  if (isMultipart(route)) found.push({ status: 422, reason: 'unsupported_content_type', path, options: raw('{}', 'application/json') });
  if (isIdempotent(route)) {
    const headers = { 'idempotency-key': `conformance-${id}-${unknownId()}` };
    const options = callOptionsOf(sample, { headers });
    // Other bytes of the same meaning.
    const other = takesJson(route)
      ? { path, options: callOptionsOf(sample, { headers, raw: `${JSON.stringify(sample.body)} ` }) }
      : { path: `${path}${path.includes('?') ? '&' : '?&'}`, options };
    found.push({ status: 409, reason: 'idempotency_key_reused', ...other, after: { path, options } });
  }
  return found;
}

const pathFor = (route: Route, { params, query }: Sample) => pathOf(route, params, query);
