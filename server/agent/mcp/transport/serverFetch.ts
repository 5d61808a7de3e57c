import type { FetchLike } from '@modelcontextprotocol/client';
import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import { outboundTraceHeaders, withoutSpan } from '../../../platform/telemetry/spans.ts';
import { GrantFailure } from '../../../resources/mcpConfigs/oauth/grants.ts';
import { HttpStatusError, notRenewed, protocolError, unauthorized } from '../failures.ts';
import type { Server } from '../server.ts';
import { limitedBody, limitedEvents } from './sizeLimits.ts';

const maxRedirects = 10;
/** Bytes of an error response that are read. */
const maxErrorBytes = 4_096;

type OutboundResponse = Awaited<ReturnType<OutboundClient['fetch']>>;

type Request = { url: URL; method: string; headers: Headers; body: string | undefined; signal: AbortSignal | undefined };

/**
 * The `fetch` for one server. Every hop goes through the outbound guard, the token is sent only to the configured
 * origin, and responses over the size limit are cut and reported to `onGarbage`. A failed POST throws `HttpStatusError`.
 */
export function createServerFetch(outbound: OutboundClient, server: Server, onGarbage: (failure: Error) => void): FetchLike {
  const origin = new URL(server.url!).origin;
  const isWorthOpening = createReopenLimit();
  return async (input, init = {}) => {
    const request = readRequest(input, init);
    if (isListenStream(request) && !request.headers.has('last-event-id') && !isWorthOpening()) return notOffered();
    const askWith = (token: string | undefined) =>
      fetchFollowingRedirects(outbound, request, (target) => {
        const headers = new Headers(request.headers);
        if (token && target.origin === origin) headers.set('authorization', `Bearer ${token}`);
        return headers;
      });
    // The stream of server-initiated messages belongs to no run. It is optional, so its rejection says nothing about the token.
    const answer = await (isListenStream(request)
      ? withoutSpan(async () => askWith(server.bearerToken || (await server.accessTokens?.current().catch(() => undefined))))
      : withToken(server, askWith));
    const isOffered = !isListenStream(request) || isEventStream(answer);
    if (answer.status < 400 && isOffered)
      return limitBody(answer, () => onGarbage(protocolError('The tool server sent a message that is too long, or too many.')));
    if (request.method === 'POST') throw new HttpStatusError(answer.status, await isSessionLost(request, answer));
    await answer.body?.cancel().catch(() => undefined);
    return answer.status < 400 ? notOffered() : new Response(null, { status: answer.status });
  };
}

/** Sends a request with the token of the server. If an access token is rejected, repeats the request once with a new one. */
async function withToken(
  { bearerToken, accessTokens }: Server,
  ask: (token: string | undefined) => Promise<OutboundResponse>,
): Promise<OutboundResponse> {
  if (!accessTokens) return ask(bearerToken);
  try {
    const token = await accessTokens.current();
    const answer = await ask(token);
    if (answer.status !== 401) return answer;
    await answer.body?.cancel().catch(() => undefined);
    const next = await accessTokens.replace(token);
    if (next === undefined) throw unauthorized(token !== undefined);
    const second = await ask(next);
    if (second.status !== 401) return second;
    await second.body?.cancel().catch(() => undefined);
    await accessTokens.giveUp(next);
    throw unauthorized(true);
  } catch (error) {
    throw error instanceof GrantFailure ? notRenewed() : error;
  }
}

/** The status of a server that offers no stream for server-initiated messages. */
const notOffered = () => new Response(null, { status: 405 });

const shortMs = 5_000;
const maxShortStreams = 5;

/** Whether to open the stream of server-initiated messages (again). False after it has ended within 5 s several times in a row. */
function createReopenLimit(): () => boolean {
  let [opened, short] = [Number.NEGATIVE_INFINITY, 0];
  return () => {
    const now = performance.now();
    short = now - opened < shortMs ? short + 1 : 0;
    opened = now;
    return short < maxShortStreams;
  };
}

const isListenStream = ({ method, headers }: Request) => method === 'GET' && headers.has('mcp-protocol-version');

/** The protocol requires 404 for an unknown session. Some servers answer 400 and say so in their own words. */
const saysSessionLost = /session|not initialized/i;

async function isSessionLost({ headers }: Request, answer: OutboundResponse): Promise<boolean> {
  const isLost =
    headers.has('mcp-session-id') && (answer.status === 404 || (answer.status === 400 && saysSessionLost.test(await beginningOf(answer))));
  await answer.body?.cancel().catch(() => undefined);
  return isLost;
}

async function beginningOf({ body }: OutboundResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let left = maxErrorBytes;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    left -= chunk.length;
    if (left <= 0) break;
  }
  return Buffer.concat(chunks).toString();
}

function readRequest(input: string | URL, { method = 'GET', headers, body, signal }: RequestInit): Request {
  const named = new Headers(headers);
  named.delete('authorization');
  return { url: new URL(input), method, headers: named, body: typeof body === 'string' ? body : undefined, signal: signal ?? undefined };
}

async function fetchFollowingRedirects(
  outbound: OutboundClient,
  request: Request,
  headersFor: (target: URL) => Headers,
): Promise<OutboundResponse> {
  let { url, method, body } = request;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const headers = headersFor(url);
    if (body === undefined) headers.delete('content-type');
    const answer = await outbound.fetch(url, {
      policy: 'web',
      streams: true,
      method,
      headers: [...headers, ...Object.entries(outboundTraceHeaders())],
      ...(body !== undefined && { body }),
      ...(request.signal && { signal: request.signal }),
    });
    const location = [301, 302, 303, 307, 308].includes(answer.status) ? answer.headers.get('location') : null;
    if (location === null) return answer;
    await answer.body?.cancel().catch(() => undefined);
    url = new URL(location, url);
    // A fragment is never sent (RFC 9110, 10.2.2).
    url.hash = '';
    // As in browsers, only 307 and 308 repeat the request unchanged (Fetch, HTTP-redirect fetch).
    if (answer.status < 307 && method === 'POST') [method, body] = ['GET', undefined];
  }
  throw new TypeError('too many redirects');
}

const isEventStream = ({ headers }: OutboundResponse) =>
  headers.get('content-type')?.toLowerCase().startsWith('text/event-stream') ?? false;

/** The same response with its body limited in size. */
function limitBody(answer: OutboundResponse, onExcess: () => void): Response {
  const { status, headers } = answer;
  const body = answer.body as ReadableStream<Uint8Array> | null;
  const measured = body?.pipeThrough(isEventStream(answer) ? limitedEvents(onExcess) : limitedBody(onExcess)) ?? null;
  return new Response([204, 205, 304].includes(status) ? null : measured, { status, headers: [...headers] });
}
