import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** A plain HTTP call and its answer: for what a typed client would never send. */
// biome-ignore lint/suspicious/noExplicitAny: whoever checks an answer may read anything from it
export type Answer = { status: number; body: any; text: string; headers: Headers };
export type CallOptions = {
  token?: string | undefined;
  body?: unknown;
  raw?: string | Buffer;
  headers?: Record<string, string>;
};
export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** Calls to one server. */
export const callTo = (url: string): Call => callWithin(url, undefined);

/** Calls to one server that wait for at most so many milliseconds. */
export const callWithin =
  (url: string, timeoutMs: number | undefined): Call =>
  async (method, path, { token, body, raw, headers } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      ...(timeoutMs !== undefined && { signal: AbortSignal.timeout(timeoutMs) }),
      headers: {
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(payload !== undefined && { body: payload as BodyInit }),
    });
    return answerOf(response.status, response.headers, await response.text());
  };

/** How long a server has to refuse a body by its length alone, in milliseconds; then it gets the body. */
const announcedMs = 1_000;

/** The answer to a body of so many bytes, which are only announced at first: a careful server refuses before it has them. */
export function announce(url: string, method: string, path: string, headers: Record<string, string>, bytes: number): Promise<Answer> {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = open(url + path, { method, headers: { ...headers, 'content-length': bytes }, timeout: 10_000, agent: false });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer within 10 seconds')));
    const sending = setTimeout(() => request.end(Buffer.alloc(bytes, ' ')), announcedMs);
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

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that closes the connection early has sent its answer.
  await once(response, 'end').catch(() => undefined);
  const headers = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return answerOf(response.statusCode ?? 0, headers, Buffer.concat(chunks).toString());
}

function answerOf(status: number, headers: Headers, text: string): Answer {
  const json = headers.get('content-type')?.includes('json') && text !== '';
  return { status, body: json ? JSON.parse(text) : undefined, text, headers };
}
