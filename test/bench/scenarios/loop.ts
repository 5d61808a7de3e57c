import { readFile } from 'node:fs/promises';
import { newAgent, post, readEvents } from '../events.ts';
import { type Figure, median } from '../figures.ts';
import type { BenchOptions } from '../load.ts';
import { call, openThread, signUp } from '../people.ts';
import { type Program, type SharedSettings, startDeltas, startServer } from '../processes.ts';
import { deltaCount } from '../programs/deltas.ts';

type RunCost = { ms: number; cpuMs: number };

/** Duration and CPU time of a run in the worker, compared with the bare SDK reading the same answer from the same server. */
export async function measureLoop(shared: SharedSettings, { samples }: BenchOptions): Promise<Figure[]> {
  const source = await startDeltas('source');
  const reader = await startDeltas('reader');
  const routing = {
    default_route_id: 'bench',
    credentials: [
      { id: 'c', provider_kind: 'openai', api_key: 'sk-bench', base_url: `${source.url}/v1`, openai_api_mode: 'chat_completions' },
    ],
    routes: [{ id: 'bench', credential_id: 'c', model: 'm' }],
  };
  const api = await startServer('api', shared);
  const worker = await startServer('worker', shared, {
    ARKLOOP_PROVIDER_ROUTING_JSON: JSON.stringify(routing),
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
  });
  const agent = newAgent();
  try {
    const [person] = await signUp(api.url, 1);
    const ours: RunCost[] = [];
    const bare: RunCost[] = [];
    const rounds = Math.max(10, Math.ceil(samples / 10));
    for (let round = 0; round < rounds; round++) {
      const threadId = await openThread(api.url, person!, ['Hello!']);
      ours.push(await costOf(worker, () => run(threadId)));
      bare.push(await costOf(reader, () => call(reader.url, 'GET', `/?from=${encodeURIComponent(`${source.url}/v1`)}`)));
    }
    async function run(threadId: string) {
      const { run_id: runId } = await post<{ run_id: string }>(agent, api.url, person!.token, `/v1/threads/${threadId}/runs`, {});
      const events = await readEvents(agent, api.url, person!.token, runId).ended;
      const deltas = events.filter(({ type }) => type === 'message.delta').length;
      if (deltas !== deltaCount) throw new Error(`${deltas} deltas arrived`);
    }
    return [figure('time', ours, bare, ({ ms }) => ms), figure('CPU', ours, bare, ({ cpuMs }) => cpuMs)];
  } finally {
    agent.destroy();
    for (const program of [worker, api, reader, source]) await program.stop();
  }
}

/** The first three rounds are a warm-up. */
const figure = (what: string, ours: RunCost[], bare: RunCost[], of: (spent: RunCost) => number): Figure => ({
  name: `run of ${deltaCount.toLocaleString('en')} deltas beside the bare SDK: ${what}`,
  unit: 'ms',
  ours: median(ours.slice(3).map(of)),
  yardstick: median(bare.slice(3).map(of)),
  threshold: 'for information',
  note: what === 'CPU' ? 'of the worker, with every delta stored' : 'from the request to the last event at the client',
});

async function costOf({ pid }: Program, work: () => Promise<unknown>): Promise<RunCost> {
  const cpu = await cpuMs(pid);
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  return { ms, cpuMs: (await cpuMs(pid)) - cpu };
}

/** User and system CPU time of a process in milliseconds. The kernel's resolution is 10 ms. */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
