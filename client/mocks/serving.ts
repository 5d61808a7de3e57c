import type { Faults } from '../../contract/shared/input.ts';
import { namesAccount, parseInput } from '../../contract/shared/input.ts';
import { isIdempotent } from '../../contract/shared/policy.ts';
import { streamOf } from '../../contract/shared/route.ts';
import { authenticate, checkOrigin, demandPermission, demandRead, grant } from './access.ts';
import { checkDeclaredSize, parseBody, readBody } from './body.ts';
import type { Answered, Context, Engine } from './context.ts';
import { findNamed, paramsOf, serveGenerically } from './generic.ts';
import { byHand } from './hand.ts';
import type { Operation } from './operations.ts';
import { demandQueryIds } from './queryIds.ts';
import { invalid, Refusal, refuse } from './refusal.ts';

/** A request that found its operation. */
export type Incoming = {
  engine: Engine;
  operation: Operation;
  params: Record<string, string>;
  url: URL;
  request: Request;
  cookies: Record<string, string>;
  traceId: string;
};

/** Everything that a request goes through, in the order of the API: size, origin, credential, syntax, account, permissions, lookups, repetition, body, effect. */
export async function serve(incoming: Incoming): Promise<Answered> {
  const { operation, request } = incoming;
  const { route } = operation;
  if (request.method === 'HEAD' && streamOf(route)) throw new Refusal('wrong_method', 'A stream has no HEAD.', {}, { allow: 'GET' });
  const context = admit(incoming);
  demandQueryIds(context);
  context.found = findNamed(context);
  const scopeInBody = route.query === undefined;
  const params = paramsOf(context);
  if (context.caller && !scopeInBody) demandPermission(context.caller, route, params, (context.query as { scope?: unknown }).scope);
  else if (context.caller && !isScoped(context)) demandPermission(context.caller, route, params, 'account');
  const bytes = await readBody(route, request);
  return repeatable(incoming, context, bytes, async () => {
    context.body = (await parseBody(route, request, bytes)) as never;
    if (context.caller && scopeInBody && isScoped(context))
      demandPermission(context.caller, route, params, (context.body as { scope?: unknown } | undefined)?.scope);
    return byHand(context) ?? serveGenerically(context);
  });
}

const isScoped = ({ operation }: Context) => {
  const { permission } = operation.route.metadata;
  return typeof permission === 'object' && 'platform' in permission;
};

function admit({ url, ...incoming }: Incoming): Context {
  const { engine, operation, request } = incoming;
  const { route } = operation;
  const { auth, openWith, origin } = route.metadata;
  checkDeclaredSize(route, request);
  if (origin) checkOrigin(engine, request, url);
  const isOpen = auth === 'public' || (openWith !== undefined && url.searchParams.has(openWith));
  const credential = isOpen ? undefined : authenticate(engine, request.headers.get('authorization'));
  if (credential?.key && auth !== 'user+key') throw refuse('forbidden', 'api_key_not_allowed', 'An API key cannot do this.');
  const faults: Faults = { issues: [], details: {} };
  const raw = { params: incoming.params, query: queryOf(url), headers: Object.fromEntries(request.headers) };
  const { params, query, headers, accountId } = parseInput(route, raw, faults);
  if (faults.issues.length > 0) throw invalid(faults.issues, faults.details);
  const caller = credential && grant(engine, route, credential, namesAccount(route) ? params.account_id : accountId);
  if (caller) demandRead(caller, route, params);
  // Typed by its route where that is known; the contract has checked the parts.
  return { ...incoming, params, query, headers, body: undefined, caller, found: {} } as unknown as Context;
}

/** A parameter that comes twice is a list, which no parameter may be. */
function queryOf({ searchParams }: URL): Record<string, unknown> {
  const names = [...new Set(searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = searchParams.getAll(name);
      return [name, values.length > 1 ? values : values[0]];
    }),
  );
}

/** Does the work, or answers as it did when the request came first. Throws 409 for another request under the same key, or while the first goes on. */
async function repeatable(
  { url, request }: Incoming,
  context: Context,
  bytes: Uint8Array,
  work: () => Promise<Answered>,
): Promise<Answered> {
  const { engine, operation, caller } = context;
  const key = isIdempotent(operation.route) && caller ? keyOf(request) : undefined;
  if (key === undefined || !caller) return work();
  const who = caller.session ? caller.user.id : request.headers.get('authorization');
  const scope = JSON.stringify([who, caller.accountId, operation.route.method, url.pathname, key]);
  // One character for each byte, whatever they mean.
  const asked = `${url.search}\n${new TextDecoder('latin1').decode(bytes)}`;
  const { kept } = engine.state;
  const before = kept.get(scope);
  if (before && before.request !== asked) throw refuse('conflict', 'idempotency_key_reused', 'This key was used for another request.');
  if (before?.status === 'working') throw stillWorking();
  if (before)
    return { status: before.status, body: structuredClone(before.body), headers: { ...before.headers, 'idempotent-replayed': 'true' } };
  kept.set(scope, { request: asked, status: 'working', body: undefined, headers: {} });
  try {
    const answer = await work();
    kept.set(scope, { request: asked, status: answer.status, body: structuredClone(answer.body), headers: answer.headers ?? {} });
    return answer;
  } catch (error) {
    kept.delete(scope);
    throw error;
  }
}

const stillWorking = () =>
  refuse('conflict', 'idempotency_in_progress', 'The first request with this key is still running.', {}, { 'retry-after': '1' });

/** The Idempotency-Key of a request; a quoted string and the bare value are the same. Throws 400. */
function keyOf({ headers }: Request): string | undefined {
  const text = headers.get('idempotency-key');
  if (text === null) return undefined;
  const key = /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw invalid([{ location: 'header', path: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters' }]);
}
