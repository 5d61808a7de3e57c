import { Agent, type IncomingMessage, request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';

/** An event of a run, and when its bytes arrived here (milliseconds of `performance.now`). */
export type Arrival = { type: string; at: number };

/** Connections that stay open between requests. */
export const newAgent = () => new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** A stream that is being read: all its events once the server has ended it. */
export type Reading = { opened: Promise<void>; ended: Promise<Arrival[]> };

/** Follow the events of a run. */
export function readEvents(agent: Agent, url: string, token: string, runId: string): Reading {
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Arrival[]>();
  // Whoever waits for the one need not wait for the other.
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

/** Post JSON over a kept connection. */
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
