import type { OutboundClient, OutboundPolicy } from './outbound.ts';

/** Of one response, in bytes. */
const maxBytes = 256 * 1024;
/** Of one request, in milliseconds. */
const maxMs = 10_000;
/** Of all requests of one step. Shorter than the claim of a renewal. */
const maxTotalMs = 20_000;

/** The part of `fetch` that protocol libraries use. */
type OauthFetch = (
  input: string | URL,
  init?: { method?: string | undefined; headers?: HeadersInit | undefined; body?: unknown },
) => Promise<Response>;

/** Aborts at the end of a step that begins now. */
export const lateSignal = (): AbortSignal => AbortSignal.timeout(maxTotalMs);

/**
 * The `fetch` for authorization servers and their metadata. Every request goes through the outbound client, over TLS except to loopback in
 * development. Make one for each step. It follows no redirects: the protocol library follows those within an origin with further calls.
 */
export function createOauthFetch(outbound: OutboundClient, late = lateSignal(), policy: OutboundPolicy = 'https'): OauthFetch {
  return async (input, { method = 'GET', headers, body } = {}) => {
    const answer = await outbound.fetch(input, {
      policy,
      method,
      headers: [...new Headers(headers)],
      ...(body ? { body: String(body) } : {}),
      signal: AbortSignal.any([late, AbortSignal.timeout(maxMs)]),
    });
    const { status } = answer;
    const text = await readText(answer.body as AsyncIterable<Uint8Array> | null);
    return new Response([204, 205, 304].includes(status) ? null : text, { status, headers: [...answer.headers] });
  };
}

async function readText(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('The response is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
