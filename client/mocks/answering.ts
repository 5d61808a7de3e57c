import { HttpResponse } from 'msw';
import { z } from 'zod';
import { hasBytes, type Route, type Schema } from '../../contract/shared/route.ts';
import { type Answered, type Engine, Raw } from './context.ts';
import { Lost } from './faults.ts';
import { type Operation, table } from './operations.ts';
import { pageHeaders } from './pages.ts';
import { notFound, Refusal } from './refusal.ts';
import { serve } from './serving.ts';

/** A mocked answer, or an error that says that the connection broke (`Response.error()`). */
export async function answer(engine: Engine, prefix: string, request: Request, cookies: Record<string, string>): Promise<Response> {
  const url = new URL(request.url);
  const path = url.pathname.slice(prefix.length);
  const traceId = engine.fakes.hex(32);
  const headers = fixedHeaders(path, traceId);
  try {
    const { operation, params } = find(request.method, path);
    await engine.faults.strike(operation.id, request.signal);
    const answered = await serve({ engine, operation, params, url, request, cookies, traceId });
    return respond(operation.route, answered, url, headers, request.method === 'HEAD');
  } catch (error) {
    if (error instanceof Lost) return Response.error();
    return refusal(error, traceId, headers);
  }
}

function find(method: string, path: string): { operation: Operation; params: Record<string, string> } {
  const hit = table.find(method, path);
  if (!hit) throw notFound();
  if ('allow' in hit) throw new Refusal('wrong_method', `${method} is not possible here.`, {}, { allow: hit.allow.join(', ') });
  return { operation: hit.value, params: hit.params };
}

/** What every answer of the API carries. */
function fixedHeaders(path: string, traceId: string): Headers {
  const headers = new Headers({
    'x-trace-id': traceId,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    vary: 'Origin',
  });
  if (/^\/v1\/(auth|bootstrap|me|api-keys|webhook-endpoints|s)(\/|$)/.test(path)) headers.set('cache-control', 'no-store');
  return headers;
}

// A browser takes Set-Cookie out of every Response but MSW's own.
function respond(
  route: Route,
  { status, body, headers: more = {}, next }: Answered,
  url: URL,
  headers: Headers,
  isHead: boolean,
): Response {
  for (const [name, value] of Object.entries({ ...more, ...pageHeaders(url, next) })) headers.set(name, value);
  if (body instanceof Raw) {
    headers.set('content-type', body.type);
    if (hasBytes(route)) headers.set('content-security-policy', `${headers.get('content-security-policy')}; sandbox`);
    return new HttpResponse(isHead ? null : body.body, { status, headers });
  }
  const shape = route.responses[status as keyof Route['responses']];
  if (!shape) return new HttpResponse(null, { status, headers });
  headers.set('content-type', 'application/json; charset=utf-8');
  return new HttpResponse(isHead ? null : JSON.stringify(z.parse(shape as Schema, body)), { status, headers });
}

function refusal(error: unknown, trace_id: string, headers: Headers): Response {
  const known = error instanceof Refusal ? error : new Refusal('internal', `The mock failed: ${String(error)}`);
  for (const [name, value] of Object.entries(known.headers)) headers.set(name, value);
  headers.set('content-type', 'application/json; charset=utf-8');
  const { code, message, details, status } = known;
  return new HttpResponse(JSON.stringify({ error: code, message, trace_id, details }), { status, headers });
}

/** The cookies of a header (RFC 6265). */
export const cookiesOf = (header: string | null): Record<string, string> =>
  Object.fromEntries(
    (header ?? '').split(';').flatMap((pair) => {
      const [name = '', ...value] = pair.trim().split('=');
      return name ? [[name, value.join('=')]] : [];
    }),
  );
