import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { newAgent, post, readEvents } from '../events.ts';
import { type Figure, median } from '../figures.ts';
import { type ResponseTimes, sendAtRate } from '../fixedRate.ts';
import { type BenchOptions, compare, notesOf, type Sides } from '../load.ts';
import { call, openThread, type Person, signUp } from '../people.ts';
import { type Program, residentBytes, type Shared, startServer } from '../processes.ts';

const perSecond = 1_000;
const streams = 1_000;
const connections = 50;
const unlimited = {
  ARKLOOP_RATELIMIT_CAPACITY: '1000000',
  ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '1000000',
  ARKLOOP_GATEWAY_MAX_STREAMS_PER_ADDRESS: '0',
};

type Deps = { api: Program; gateway: Program; person: Person; agent: Agent };

/** The latency that the gateway adds to a request, the memory of a stream through it, and the cost of its access log. */
export async function measureGateway(shared: Shared, effort: BenchOptions): Promise<Figure[]> {
  const api = await startServer('api', shared, { ARKLOOP_TRUST_X_FORWARDED_FOR: '1', ARKLOOP_MAX_STREAMS_PER_USER: '0' });
  const behind = { ...unlimited, ARKLOOP_GATEWAY_UPSTREAM: api.url };
  const gateway = await startServer('gateway', shared, behind);
  const silent = await startServer('gateway', shared, { ...behind, ARKLOOP_ACCESS_LOG_ENABLED: '0' });
  const agent = newAgent();
  try {
    const [person] = await signUp(api.url, 1);
    const deps = { api, gateway, person: person!, agent };
    const added = await measureAdded(deps, effort);
    const logged = await measureLog({ ours: gateway, yardstick: silent, postgresPid: shared.postgresPid }, person!, effort);
    return [...added, logged, await measureStream(deps)];
  } finally {
    agent.destroy();
    await Promise.all([gateway.stop(), silent.stop()]);
    await api.stop();
  }
}

async function measureAdded({ api, gateway, person, agent }: Deps, { seconds, rounds }: BenchOptions): Promise<Figure[]> {
  const ask = ({ url }: Program, length = seconds) =>
    sendAtRate(agent, { url, path: '/v1/threads', headers: { authorization: `Bearer ${person.token}` } }, perSecond, length);
  for (const program of [api, gateway]) await ask(program, 2);
  const results: { direct: ResponseTimes; through: ResponseTimes }[] = [];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [api, gateway] : [gateway, api];
    const times = new Map<Program, ResponseTimes>();
    for (const program of order) times.set(program, await ask(program));
    results.push({ direct: times.get(api)!, through: times.get(gateway)! });
  }
  const added = (name: keyof ResponseTimes) => Math.max(0, median(results.map(({ direct, through }) => through[name] - direct[name])));
  const shown = (side: 'direct' | 'through') =>
    (['p50', 'p99'] as const).map((name) => median(results.map((result) => result[side][name])).toFixed(2)).join('/');
  const note = `p50/p99 direct ${shown('direct')} ms, through the gateway ${shown('through')} ms`;
  return [
    { name: `added by the gateway at ${perSecond} requests/s, p50`, unit: 'ms', ours: added('p50'), threshold: { most: 0.5 }, note },
    { name: `added by the gateway at ${perSecond} requests/s, p99`, unit: 'ms', ours: added('p99'), threshold: { most: 10 } },
  ];
}

/** Compares a gateway with one that has no access log. */
async function measureLog(sides: Sides, { token }: Person, effort: BenchOptions): Promise<Figure> {
  const plan = () => [{ method: 'GET' as const, path: '/v1/threads', headers: { authorization: `Bearer ${token}` } }];
  const compared = await compare(sides, plan, connections, effort);
  return {
    name: 'requests through a gateway, with and without its log',
    unit: 'requests/s',
    ours: compared.ours.perSecond,
    yardstick: compared.yardstick.perSecond,
    threshold: { ratio: 0.95, aim: 0.95 },
    note: notesOf(compared),
  };
}

async function measureStream({ api, gateway, person, agent }: Deps): Promise<Figure> {
  const thread = await openThread(api.url, person, ['Hello!']);
  const { run_id: runId } = await post<{ run_id: string }>(agent, api.url, person.token, `/v1/threads/${thread}/runs`, {});
  const open = async (count: number) => {
    const readings = [];
    for (let n = 0; n < count; n += 100) {
      const group = Array.from({ length: 100 }, () => readEvents(agent, gateway.url, person.token, runId));
      readings.push(...group);
      await Promise.all(group.map(({ opened }) => opened));
    }
    return readings;
  };
  const readings = await open(100);
  const before = await residentBytes(gateway);
  readings.push(...(await open(streams)));
  await sleep(1_000);
  const each = ((await residentBytes(gateway)) - before) / streams / 1_024;
  await call(api.url, 'POST', `/v1/runs/${runId}:cancel`, person.token, {});
  await Promise.all(readings.map(({ ended }) => ended));
  return { name: 'memory of one stream in the gateway', unit: 'KiB', ours: each, threshold: { most: 30 }, note: `${streams} streams` };
}
