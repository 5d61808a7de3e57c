import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** The response of a plain HTTP call. The kit sends requests that the typed client cannot express. */
// oxlint-disable-next-line typescript/no-explicit-any -- checks read any field of a response
export type HttpResponse = { status: number; body: any; text: string; headers: Headers };
export type CallOptions = {
  token?: string | undefined;
  body?: unknown;
  raw?: string | Buffer;
  headers?: Record<string, string>;
};
export type Call = (method: string, path: string, options?: CallOptions) => Promise<HttpResponse>;

export const callWithin =
  (url: string, timeoutMs: number): Call =>
  async (method, path, { token, body, raw, headers } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(payload !== undefined && { body: payload as BodyInit }),
    });
    return answerOf(response.status, response.headers, await response.text());
  };

/** Time for a server to reject a request by its Content-Length alone; after that the body is sent. */
const earlyResponseMs = 1_000;

/** Sends the headers with a Content-Length of `bytes` first, and the body only if the server does not respond within `earlyResponseMs`. */
export function sendHeadersFirst(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  bytes: number,
): Promise<HttpResponse> {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = open(url + path, { method, headers: { ...headers, 'content-length': bytes }, timeout: 10_000, agent: false });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer within 10 seconds')));
    const sending = setTimeout(() => request.end(Buffer.alloc(bytes, ' ')), earlyResponseMs);
    request.on('close', () => clearTimeout(sending));
    request.on('response', (response) => {
      clearTimeout(sending);
      read(response)
        .then(resolve, reject)
        .finally(() => request.destroy());
    });
    request.flushHeaders();
  });
}

async function read(response: IncomingMessage): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server may close the connection right after its response.
  await once(response, 'end').catch(() => undefined);
  const headers = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return answerOf(response.statusCode ?? 0, headers, Buffer.concat(chunks).toString());
}

function answerOf(status: number, headers: Headers, text: string): HttpResponse {
  const json = /[/+]json\b/.test(headers.get('content-type') ?? '') && text !== '';
  return { status, body: json ? JSON.parse(text) : undefined, text, headers };
}
