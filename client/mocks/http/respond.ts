import { HttpResponse } from 'msw';
import { z } from 'zod';
import { deprecationHeaders } from '../../../contract/deprecation.ts';
import { hasOpenAiErrors, openAiProblem, type Problem } from '../../../contract/shared/errors.ts';
import { returnsFile, type Route, type Schema } from '../../../contract/shared/route.ts';
import { type Engine, RawBody, type RouteResult } from '../context.ts';
import { type Operation, table } from '../operations.ts';
import { MockApiError, notFound } from './errors.ts';
import { ConnectionLost } from './faults.ts';
import { pageHeaders } from './pages.ts';
import { serve } from './serve.ts';

/** Returns the mocked response; `Response.error()` stands for a broken connection. */
export async function handleRequest(engine: Engine, prefix: string, request: Request, cookies: Record<string, string>): Promise<Response> {
  const url = new URL(request.url);
  const path = url.pathname.slice(prefix.length);
  const traceId = engine.fakes.hex(32);
  const headers = fixedHeaders(path, traceId);
  try {
    const { operation, params } = find(request.method, path);
    if (operation.route.metadata.deprecated) addHeaders(headers, deprecationHeaders(operation.route.metadata.deprecated));
    await engine.faults.apply(operation.id, request.signal);
    const answered = await serve({ engine, operation, params, url, request, cookies, traceId });
    return respond(operation.route, answered, url, headers, request.method === 'HEAD');
  } catch (error) {
    if (error instanceof ConnectionLost) return Response.error();
    return errorResponse(error, traceId, headers, path);
  }
}

function find(method: string, path: string): { operation: Operation; params: Record<string, string> } {
  const hit = table.find(method, path);
  if (!hit) throw notFound();
  if ('allow' in hit) throw new MockApiError('wrong_method', `${method} is not possible here.`, {}, { allow: hit.allow.join(', ') });
  return { operation: hit.value, params: hit.params };
}

/** Headers of every response. */
function fixedHeaders(path: string, traceId: string): Headers {
  const headers = new Headers({
    'x-trace-id': traceId,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    vary: 'Origin',
  });
  if (/^\/v1\/(auth|bootstrap|me|api-keys|webhook-endpoints|admin\/service-keys|s)(\/|$)/.test(path))
    headers.set('cache-control', 'no-store');
  return headers;
}

/** A response can have several links. */
function addHeaders(headers: Headers, more: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(more)) headers[name === 'link' ? 'append' : 'set'](name, value);
}

// Browsers remove Set-Cookie from every Response except MSW's HttpResponse.
function respond(
  route: Route,
  { status, body, headers: more = {}, next }: RouteResult,
  url: URL,
  headers: Headers,
  isHead: boolean,
): Response {
  addHeaders(headers, more);
  addHeaders(headers, pageHeaders(url, next));
  if (body instanceof RawBody) {
    headers.set('content-type', body.type);
    if (returnsFile(route)) headers.set('content-security-policy', `${headers.get('content-security-policy')}; sandbox`);
    return new HttpResponse(isHead ? null : body.body, { status, headers });
  }
  const declared = route.responses[status as keyof Route['responses']];
  const shape = declared && 'chunk' in declared ? declared.body : declared;
  if (!shape) return new HttpResponse(null, { status, headers });
  headers.set('content-type', 'application/json; charset=utf-8');
  return new HttpResponse(isHead ? null : JSON.stringify(z.parse(shape as Schema, body)), { status, headers });
}

function errorResponse(error: unknown, trace_id: string, headers: Headers, path: string): Response {
  const known = error instanceof MockApiError ? error : new MockApiError('internal', `The mock failed: ${String(error)}`);
  for (const [name, value] of Object.entries(known.headers)) headers.set(name, value);
  headers.set('content-type', 'application/json; charset=utf-8');
  const { code, message, details, status } = known;
  const problem = { error: code, message, trace_id, details } as Problem;
  const body = hasOpenAiErrors(path) ? openAiProblem(status, problem) : problem;
  return new HttpResponse(JSON.stringify(body), { status, headers });
}

/** Parses a Cookie header (RFC 6265). */
export const cookiesOf = (header: string | null): Record<string, string> =>
  Object.fromEntries(
    (header ?? '').split(';').flatMap((pair) => {
      const [name = '', ...value] = pair.trim().split('=');
      return name ? [[name, value.join('=')]] : [];
    }),
  );
