import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { newAgent, post, type Reading, readEvents } from '../events.ts';
import type { Figure } from '../figures.ts';
import { load } from '../load.ts';
import { call, openThread, type Person, signUp } from '../people.ts';
import { type Program, residentBytes, type Shared, startServer } from '../processes.ts';
import { startQueryCounter } from '../queryCounter.ts';

const readers = 500;
/** So many that what the collector holds in reserve does not hide what one costs. */
const idle = 2_000;
/** Long enough to open the streams, and then to count for a while. */
const stub = { ARKLOOP_STUB_AGENT_DELTA_COUNT: '200', ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05' };

type Deps = { api: Program; agent: Agent; person: Person };

/** Many streams of one run: all held to its end, what one costs in memory, and how often the database is read for them. */
export async function measureStreams(shared: Shared): Promise<Figure[]> {
  const counter = await startQueryCounter(shared.databaseUrl, 'from run_events where run_id = $1 and seq > $2');
  const api = await startServer('api', { ...shared, databaseUrl: counter.databaseUrl }, { ARKLOOP_MAX_STREAMS_PER_USER: '0' });
  const agent = newAgent();
  try {
    const [person] = await signUp(api.url, 1);
    const deps = { api, agent, person: person! };
    const held = await holdIdle(deps);
    const worker = await startServer('worker', shared, stub);
    const runId = await startRun(deps);
    const streams = await open(deps, runId, readers);
    await sleep(2_000);
    const [readsBefore, since] = [counter.count(), new Date()];
    const lost = await incomplete(streams, 'run.completed');
    const reads = counter.count() - readsBefore;
    const batches = await batchesOf(shared.databaseUrl, runId, since);
    await worker.stop();
    return [
      ...held,
      { name: `${readers} streams of a busy run: incomplete`, unit: '', ours: lost, minimum: { most: 0 } },
      {
        name: 'reads of the database for a batch of events',
        unit: '',
        ours: reads / batches,
        minimum: { most: 1.1 },
        note: `${reads} reads for ${batches} batches and ${readers} readers`,
      },
    ];
  } finally {
    agent.destroy();
    await api.stop();
    counter.stop();
  }
}

/** Streams of a run that waits for a worker, on a server that was busy before: its heap has grown to what requests need. */
async function holdIdle(deps: Deps): Promise<Figure[]> {
  const { api, person } = deps;
  const authorization = `Bearer ${person.token}`;
  await load(api, () => [{ method: 'GET', path: '/v1/threads', headers: { authorization } }], 200, 4);
  const runId = await startRun(deps);
  const streams = await open(deps, runId, 100);
  const before = await residentBytes(api);
  const began = performance.now();
  streams.push(...(await open(deps, runId, idle)));
  const openedMs = performance.now() - began;
  await sleep(1_000);
  const each = ((await residentBytes(api)) - before) / idle / 1_024;
  await call(api.url, 'POST', `/v1/runs/${runId}:cancel`, person.token, {});
  const lost = await incomplete(streams, 'run.cancelled');
  return [
    { name: 'memory of one stream', unit: 'KiB', ours: each, minimum: { most: 35 }, note: `${idle} opened in ${openedMs.toFixed(0)} ms` },
    { name: `${streams.length} streams of a waiting run: incomplete`, unit: '', ours: lost, minimum: { most: 0 } },
  ];
}

async function startRun({ api, agent, person }: Deps): Promise<string> {
  const thread = await openThread(api.url, person, ['Hello!']);
  const run = await post<{ run_id: string }>(agent, api.url, person.token, `/v1/threads/${thread}/runs`, {});
  return run.run_id;
}

/** In groups: a server takes no more than 256 requests at once, and an open stream is none. */
async function open({ api, agent, person }: Deps, runId: string, count: number): Promise<Reading[]> {
  const streams: Reading[] = [];
  for (let n = 0; n < count; n += 100) {
    const group = Array.from({ length: 100 }, () => readEvents(agent, api.url, person.token, runId));
    streams.push(...group);
    await Promise.all(group.map(({ opened }) => opened));
  }
  return streams;
}

/** How many of the streams did not bring every event up to the last. */
async function incomplete(streams: readonly Reading[], last: string): Promise<number> {
  const events = await Promise.all(streams.map(({ ended }) => ended));
  const most = Math.max(...events.map(({ length }) => length));
  return events.filter((own) => own.length < most || own.at(-1)?.type !== last).length;
}

/** In how many transactions the events of a run were written since then. */
async function batchesOf(databaseUrl: string, runId: string, since: Date): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(
    'select count(distinct xmin::text)::int as batches from run_events where run_id = $1 and created_at >= $2',
    [runId, since],
  );
  await client.end();
  return rows[0].batches;
}
