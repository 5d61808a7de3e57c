import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type Lifetime, type ServerProcess, startProcess, testKeysEnv } from '../app/process.ts';
import type { Call } from '../app/testApp.ts';
import { scrape } from '../checks/metrics.ts';

/** An API with several processes. */
export type SeveralProcesses = ServerProcess & {
  /** The process IDs of the API processes that have listened, the newest of each number. */
  pids(): Map<number, number>;
  scrape(): ReturnType<typeof scrape>;
  /** Calls over one connection each. Consecutive connections lead to different processes, which the metrics confirm at the end of a test. */
  connections(count?: number): Promise<[Call, Call, ...Call[]]>;
};

/** Starts role `api` or `all` with two API processes on a database. Killed when the test ends, unless `until` selects the end of the file. */
export async function startSeveral(
  databaseUrl: string,
  env: Record<string, string> = {},
  role = 'api',
  until?: Lifetime,
): Promise<SeveralProcesses> {
  const settings = { ...testKeysEnv, ARKLOOP_DATABASE_URL: databaseUrl, ARKLOOP_API_PROCESSES: '2', ARKLOOP_METRICS_ADDR: '127.0.0.1:0' };
  const main = await startProcess(role, { ...settings, ...env }, until);
  const url = /API: +(\S+)/.exec(main.output())![1]!;
  const metrics = /Metrics: +(\S+)/.exec(main.output())![1]!;
  return {
    ...main,
    url,
    pids: () =>
      new Map([...main.output().matchAll(/"api_process":(\d+),"pid":(\d+)/g)].map(([, number, pid]) => [Number(number), Number(pid)])),
    scrape: () => scrape(metrics),
    async connections(count = 2) {
      const more = Array.from({ length: count - 2 }, () => callOverOneConnection(url));
      const calls: [Call, Call, ...Call[]] = [callOverOneConnection(url), callOverOneConnection(url), ...more];
      for (const call of calls) await call('GET', '/healthz');
      return calls;
    },
  };
}

/** Until the test ends. */
function callOverOneConnection(url: string): Call {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async (method, path, { token, body, headers } = {}) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const sent = request(url + path, {
      method,
      agent,
      headers: {
        ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
    }).end(payload);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const received = await text(response);
    const json = response.headers['content-type']?.includes('json') && received !== '';
    return {
      status: response.statusCode!,
      body: json ? JSON.parse(received) : undefined,
      text: received,
      headers: new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    };
  };
}
