import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import type { Call, HttpResponse } from '../../../client/conformance/call.ts';

/** One for all apps of a Vitest worker. It opens as many connections as there are requests at a time, like that of `fetch`. */
const agent = new Agent();

/** The headers that `fetch` of Node.js adds. */
const fetchHeaders = {
  accept: '*/*',
  'accept-language': '*',
  'sec-fetch-mode': 'cors',
  'user-agent': 'node',
  'accept-encoding': 'gzip, deflate',
};

/** Sends what `fetch` of the conformance kit sends, in a third of its processor time. */
export const callTo =
  (url: string): Call =>
  async (method, path, { token, body, raw, headers } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const {
      statusCode,
      headers: answered,
      body: stream,
    } = await request(url + path, {
      method: method as 'GET',
      dispatcher: agent,
      headers: {
        ...fetchHeaders,
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(payload !== undefined && { body: payload }),
    });
    const bytes = Buffer.from(await stream.bytes());
    const isPacked = answered['content-encoding'] === 'gzip' && bytes.length > 0;
    return answerOf(statusCode, answered, (isPacked ? gunzipSync(bytes) : bytes).toString());
  };

function answerOf(status: number, fields: Record<string, string | string[] | undefined>, text: string): HttpResponse {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) for (const each of [value ?? []].flat()) headers.append(name, each);
  const json = /[/+]json\b/.test(headers.get('content-type') ?? '') && text !== '';
  return { status, body: json ? JSON.parse(text) : undefined, text, headers };
}
