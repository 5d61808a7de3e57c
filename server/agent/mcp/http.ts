import type { FetchLike } from '@modelcontextprotocol/client';
import type { Outbound } from '../../kernel/outbound.ts';
import { stepHeaders, withinNone } from '../../kernel/spans.ts';
import { garbled, HttpRefusal } from './failures.ts';
import { limitedBody, limitedEvents } from './limits.ts';
import type { Server } from './server.ts';

const mostRedirects = 10;
/** Bytes of a refusal that are looked at. */
const longestReason = 4_096;

type OutboundResponse = Awaited<ReturnType<Outbound['fetch']>>;

type Request = { url: URL; method: string; headers: Headers; body: string | undefined; signal: AbortSignal | undefined };

/**
 * The `fetch` of one server: each hop through the guarded way out, the token only to the origin that the account named, answers cut where
 * they are too long. `onGarbage` hears of the latter. A POST that is refused throws `HttpRefusal`.
 */
export function fetchOf(outbound: Outbound, { url, bearerToken }: Server, onGarbage: (failure: Error) => void): FetchLike {
  const origin = new URL(url!).origin;
  const isWorthOpening = createOpenings();
  return async (input, init = {}) => {
    const request = readRequest(input, init);
    if (isStanding(request) && !request.headers.has('last-event-id') && !isWorthOpening()) return notOffered();
    const headersFor = (target: URL) => {
      const headers = new Headers(request.headers);
      if (bearerToken && target.origin === origin) headers.set('authorization', `Bearer ${bearerToken}`);
      return headers;
    };
    const ask = () => followed(outbound, request, headersFor);
    // The stream of what a server says unasked belongs to no run.
    const answer = await (isStanding(request) ? withinNone(ask) : ask());
    const isOffered = !isStanding(request) || isEventStream(answer);
    if (answer.status < 400 && isOffered)
      return cutting(answer, () => onGarbage(garbled('The tool server sent a message that is too long.')));
    if (request.method === 'POST') throw new HttpRefusal(answer.status, await isSessionLost(request, answer));
    await answer.body?.cancel().catch(() => undefined);
    return answer.status < 400 ? notOffered() : new Response(null, { status: answer.status });
  };
}

/** What a server answers that has no stream for what it says unasked. */
const notOffered = () => new Response(null, { status: 405 });

const shortMs = 5_000;
const mostShort = 5;

/** Whether to open the stream of what a server says unasked (again): no more when it has ended at once several times. */
function createOpenings(): () => boolean {
  let [opened, short] = [Number.NEGATIVE_INFINITY, 0];
  return () => {
    const now = performance.now();
    short = now - opened < shortMs ? short + 1 : 0;
    opened = now;
    return short < mostShort;
  };
}

const isStanding = ({ method, headers }: Request) => method === 'GET' && headers.has('mcp-protocol-version');

/** By the protocol a server answers 404 in a session that it does not know; those that answer 400 say so in words of their own. */
const saysSessionLost = /session|not initialized/i;

async function isSessionLost({ headers }: Request, answer: OutboundResponse): Promise<boolean> {
  const isLost =
    headers.has('mcp-session-id') && (answer.status === 404 || (answer.status === 400 && saysSessionLost.test(await beginningOf(answer))));
  await answer.body?.cancel().catch(() => undefined);
  return isLost;
}

async function beginningOf({ body }: OutboundResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let left = longestReason;
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

async function followed(outbound: Outbound, request: Request, headersFor: (target: URL) => Headers): Promise<OutboundResponse> {
  let { url, method, body } = request;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const headers = headersFor(url);
    if (body === undefined) headers.delete('content-type');
    const answer = await outbound.fetch(url, {
      policy: 'web',
      streams: true,
      method,
      headers: [...headers, ...Object.entries(stepHeaders())],
      ...(body !== undefined && { body }),
      ...(request.signal && { signal: request.signal }),
    });
    const location = [301, 302, 303, 307, 308].includes(answer.status) ? answer.headers.get('location') : null;
    if (location === null) return answer;
    await answer.body?.cancel().catch(() => undefined);
    url = new URL(location, url);
    // A fragment is for whoever reads the answer, and is never sent (RFC 9110, 10.2.2).
    url.hash = '';
    // As browsers do: only 307 and 308 repeat the request as it was (Fetch, HTTP-redirect fetch).
    if (answer.status < 307 && method === 'POST') [method, body] = ['GET', undefined];
  }
  throw new TypeError('too many redirects');
}

const isEventStream = ({ headers }: OutboundResponse) =>
  headers.get('content-type')?.toLowerCase().startsWith('text/event-stream') ?? false;

/** The same answer with its body measured. */
function cutting(answer: OutboundResponse, onExcess: () => void): Response {
  const { status, headers } = answer;
  const body = answer.body as ReadableStream<Uint8Array> | null;
  const measured = body?.pipeThrough(isEventStream(answer) ? limitedEvents(onExcess) : limitedBody(onExcess)) ?? null;
  return new Response([204, 205, 304].includes(status) ? null : measured, { status, headers: [...headers] });
}
