import type { FetchLike } from '@modelcontextprotocol/client';
import type { Outbound } from '../../kernel/outbound.ts';
import { stepHeaders } from '../../kernel/spans.ts';
import { garbled, HttpRefusal } from './failures.ts';
import { limitedBody, limitedEvents } from './limits.ts';
import type { Server } from './server.ts';

const mostRedirects = 10;

type OutboundResponse = Awaited<ReturnType<Outbound['fetch']>>;

type Request = { url: URL; method: string; headers: Headers; body: string | undefined; signal: AbortSignal | undefined };

/**
 * The `fetch` of one server: each hop through the guarded way out, the token only to the origin that the account named, answers cut where
 * they are too long. `onGarbage` hears of the latter. A POST that is refused throws `HttpRefusal`.
 */
export function fetchOf(outbound: Outbound, { url, bearerToken }: Server, onGarbage: (failure: Error) => void): FetchLike {
  const origin = new URL(url!).origin;
  return async (input, init = {}) => {
    const request = readRequest(input, init);
    // Nothing that a server says unasked is of use here, so there is no standing stream; one that was cut may be taken up again.
    if (isStanding(request)) return new Response(null, { status: 405 });
    const headersFor = (target: URL) => {
      const headers = new Headers(request.headers);
      if (bearerToken && target.origin === origin) headers.set('authorization', `Bearer ${bearerToken}`);
      return headers;
    };
    const answer = await followed(outbound, request, headersFor);
    if (answer.status < 400) return cutting(answer, () => onGarbage(garbled('The tool server sent a message that is too long.')));
    await answer.body?.cancel().catch(() => undefined);
    if (request.method === 'POST') throw new HttpRefusal(answer.status);
    return new Response(null, { status: answer.status });
  };
}

function readRequest(input: string | URL, { method = 'GET', headers, body, signal }: RequestInit): Request {
  const named = new Headers(headers);
  named.delete('authorization');
  return { url: new URL(input), method, headers: named, body: typeof body === 'string' ? body : undefined, signal: signal ?? undefined };
}

const isStanding = ({ method, headers }: Request) =>
  method === 'GET' && headers.has('mcp-protocol-version') && !headers.has('last-event-id');

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

/** The same answer with its body measured. */
function cutting(answer: OutboundResponse, onExcess: () => void): Response {
  const { status, headers } = answer;
  const isStream = headers.get('content-type')?.toLowerCase().startsWith('text/event-stream');
  const body = answer.body as ReadableStream<Uint8Array> | null;
  const measured = body?.pipeThrough(isStream ? limitedEvents(onExcess) : limitedBody(onExcess)) ?? null;
  return new Response([204, 205, 304].includes(status) ? null : measured, { status, headers: [...headers] });
}
