import type { ValidationErrors } from '../../../contract/shared/input.ts';
import { hasAccountInPath, parseInput } from '../../../contract/shared/input.ts';
import { canonicalPath } from '../../../contract/shared/path.ts';
import { isIdempotent, serviceScopesOf } from '../../../contract/shared/policy.ts';
import { eventStreamOf } from '../../../contract/shared/route.ts';
import { type Context, type Engine, RawBody, type RouteResult } from '../context.ts';
import type { Operation } from '../operations.ts';
import { loadPathResources, paramsOf, serveGeneric } from '../resources/generic.ts';
import { callRouteHandler } from '../resources/routeHandlers.ts';
import { authenticate, checkOrigin, requirePermission, requireRead, resolveCaller } from './access.ts';
import { checkDeclaredSize, parseBody, readBody } from './body.ts';
import { apiError, invalid, MockApiError } from './errors.ts';
import { checkFields } from './fieldChecks.ts';
import { requireQueryIds } from './queryIds.ts';

/** A request matched to an operation. */
export type IncomingRequest = {
  engine: Engine;
  operation: Operation;
  params: Record<string, string>;
  url: URL;
  request: Request;
  cookies: Record<string, string>;
  traceId: string;
};

/**
 * Checks in the order of the API: declared size, origin, credential, input, account, read permission, ids in the query, resources of the path, permission,
 * body size, idempotency, body. Then runs the handler.
 */
export async function serve(incoming: IncomingRequest): Promise<RouteResult> {
  const { operation, request } = incoming;
  const { route } = operation;
  if (request.method === 'HEAD' && eventStreamOf(route))
    throw new MockApiError('wrong_method', 'A stream has no HEAD.', {}, { allow: 'GET' });
  const context = authorizeAndParse(incoming);
  requireQueryIds(context);
  context.loaded = loadPathResources(context);
  const scopeInBody = route.query === undefined;
  const params = paramsOf(context);
  if (context.caller && !scopeInBody) requirePermission(context.caller, route, params, (context.query as { scope?: unknown }).scope);
  else if (context.caller && !isScoped(context)) requirePermission(context.caller, route, params, 'account');
  const bytes = await readBody(route, request);
  return withIdempotency(incoming, context, bytes, async () => {
    context.body = (await parseBody(route, request, bytes)) as never;
    checkFields(context);
    if (context.caller && scopeInBody && isScoped(context))
      requirePermission(context.caller, route, params, (context.body as { scope?: unknown } | undefined)?.scope);
    return callRouteHandler(context) ?? serveGeneric(context);
  });
}

const isScoped = ({ operation }: Context) => {
  const { permission } = operation.route.metadata;
  return typeof permission === 'object' && 'platform' in permission;
};

function authorizeAndParse({ url, ...incoming }: IncomingRequest): Context {
  const { engine, operation, request } = incoming;
  const { route } = operation;
  const { auth, secretParam, origin } = route.metadata;
  checkDeclaredSize(route, request);
  if (origin) checkOrigin(engine, request, url);
  const isOpen = auth === 'public' || (secretParam !== undefined && url.searchParams.has(secretParam));
  const credential = isOpen ? undefined : authenticate(engine, request.headers.get('authorization'));
  if (credential?.key && auth !== 'user+key') throw apiError('forbidden', 'api_key_not_allowed', 'An API key cannot do this.');
  if (credential?.serviceKey && serviceScopesOf(route.metadata).length === 0)
    throw apiError('forbidden', 'service_key_not_allowed', 'A service key cannot do this.');
  const faults: ValidationErrors = { issues: [], details: {} };
  const raw = { params: incoming.params, query: queryOf(url), headers: Object.fromEntries(request.headers) };
  const { params, query, headers, accountId } = parseInput(route, raw, faults);
  if (faults.issues.length > 0) throw invalid(faults.issues, faults.details);
  const caller = credential && resolveCaller(engine, route, credential, hasAccountInPath(route) ? params.account_id : accountId);
  if (caller) requireRead(caller, route, params);
  // Safe cast: the contract has validated the parts.
  return { ...incoming, params, query, headers, body: undefined, caller, loaded: {} } as unknown as Context;
}

/** A repeated parameter becomes an array, which every parameter schema rejects. */
function queryOf({ searchParams }: URL): Record<string, unknown> {
  const names = [...new Set(searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = searchParams.getAll(name);
      return [name, values.length > 1 ? values : values[0]];
    }),
  );
}

/** Runs `work`, or replays the stored response of the Idempotency-Key. Throws 409 for a key of another request, or while the first request is running. */
async function withIdempotency(
  { url, request }: IncomingRequest,
  context: Context,
  bytes: Uint8Array,
  work: () => Promise<RouteResult>,
): Promise<RouteResult> {
  const { engine, operation, caller } = context;
  const key = isIdempotent(operation.route) && caller ? readIdempotencyKey(request) : undefined;
  if (key === undefined || !caller) return work();
  const who = caller.session ? caller.user.id : request.headers.get('authorization');
  const scope = JSON.stringify([who, caller.accountId, operation.route.method, canonicalPath(operation.route.path, url.pathname), key]);
  // latin1 maps each byte to one character, so bodies can be compared as text.
  const asked = `${url.search}\n${new TextDecoder('latin1').decode(bytes)}`;
  const { storedResponses } = engine.state;
  const before = storedResponses.get(scope);
  if (before && before.request !== asked) throw apiError('conflict', 'idempotency_key_reused', 'This key was used for another request.');
  if (before?.status === 'working') throw requestInProgress();
  if (before)
    return { status: before.status, body: structuredClone(before.body), headers: { ...before.headers, 'idempotent-replayed': 'true' } };
  storedResponses.set(scope, { request: asked, status: 'working', body: undefined, headers: {} });
  try {
    const answer = await work();
    // A stream is not stored.
    if (answer.body instanceof RawBody) {
      storedResponses.delete(scope);
      return answer;
    }
    storedResponses.set(scope, {
      request: asked,
      status: answer.status,
      body: structuredClone(answer.body),
      headers: answer.headers ?? {},
    });
    return answer;
  } catch (error) {
    storedResponses.delete(scope);
    throw error;
  }
}

const requestInProgress = () =>
  apiError('conflict', 'idempotency_in_progress', 'The first request with this key is still running.', {}, { 'retry-after': '1' });

/** A quoted string and the bare value are the same key. Throws 400. */
function readIdempotencyKey({ headers }: Request): string | undefined {
  const text = headers.get('idempotency-key');
  if (text === null) return undefined;
  const key = /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw invalid([{ location: 'header', path: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters' }]);
}
