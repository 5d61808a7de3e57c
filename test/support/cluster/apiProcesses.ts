import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished } from 'vitest';
import { type Lifetime, type ServerProcess, startProcess, testKeysEnv } from '../app/process.ts';
import type { Call } from '../app/testApp.ts';
import { scrape } from '../checks/metrics.ts';

/** An API with several processes. */
export type SeveralProcesses = ServerProcess & {
  /** The process IDs of the API processes that have listened, the newest of each number. */
  pids(): Map<number, number>;
  scrape(): ReturnType<typeof scrape>;
  /** Calls over one connection each. Consecutive connections lead to different processes. */
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
      const served = async () => {
        const { sum } = await scrape(metrics);
        return ['1', '2'].map((process) => sum('arkloop_http_requests_total', { process, route: '/healthz' }));
      };
      const calls: [Call[], Call[]] = [[], []];
      // A process that is busy leaves connections to the other.
      while (calls.some((own) => own.length < count / 2)) {
        const before = await served();
        const { call, close } = openConnection(url);
        await call('GET', '/healthz');
        let process = -1;
        await expect.poll(async () => (process = (await served()).findIndex((requests, at) => requests > before[at]!))).not.toBe(-1);
        if (calls[process]!.length < count / 2) calls[process]!.push(call);
        else close();
      }
      return calls[0].flatMap((call, at) => [call, calls[1][at]!]) as [Call, Call, ...Call[]];
    },
  };
}

/** Closes it when the test ends, at the latest. */
function openConnection(url: string): { call: Call; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const call: Call = async (method, path, { token, body, headers } = {}) => {
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
  return { call, close: () => agent.destroy() };
}
