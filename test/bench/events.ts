import { Agent, type IncomingMessage, request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';

/** A run event and its arrival time (milliseconds of `performance.now`). */
export type Arrival = { type: string; at: number };

export const newAgent = () => new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** A stream being read. `ended` resolves with all events once the server ends the stream. */
export type EventReader = { opened: Promise<void>; ended: Promise<Arrival[]> };

export function readEvents(agent: Agent, url: string, token: string, runId: string): EventReader {
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Arrival[]>();
  // A caller may await only one of the two: avoid an unhandled rejection of the other.
  opened.promise.catch(() => {});
  ended.promise.catch(() => {});
  const arrivals: Arrival[] = [];
  const asked = request(`${url}/v1/runs/${runId}/events`, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
    if (response.statusCode !== 200) return fail(new Error(`a stream answered ${response.statusCode}`));
    opened.resolve();
    take(response, arrivals);
    response.on('end', () => ended.resolve(arrivals));
    response.on('error', fail);
  });
  const fail = (error: Error) => {
    opened.reject(error);
    ended.reject(error);
  };
  asked.on('error', fail).end();
  return { opened: opened.promise, ended: ended.promise };
}

function take(response: IncomingMessage, arrivals: Arrival[]) {
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const at = performance.now();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith('event: ')) arrivals.push({ type: line.slice('event: '.length), at });
  });
}

/** Posts JSON. Rejects unless the response status is 201. */
export function post<T>(agent: Agent, url: string, token: string, path: string, body: object): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asked = request(url + path, { agent, method: 'POST', headers }, (response) => {
    textOf(response).then((text) => {
      if (response.statusCode === 201) resolve(JSON.parse(text) as T);
      else reject(new Error(`POST ${path}: ${response.statusCode} ${text}`));
    }, reject);
  });
  asked.on('error', reject).end(JSON.stringify(body));
  return promise;
}
