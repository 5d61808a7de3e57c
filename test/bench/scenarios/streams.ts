import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { selectEvents } from '../../../server/runs/follow/eventBroker.ts';
import { type EventReader, newAgent, post, readEvents } from '../events.ts';
import type { Figure } from '../figures.ts';
import { load } from '../load.ts';
import { call, openThread, type Person, signUp } from '../people.ts';
import { type Program, residentBytes, type SharedSettings, startServer } from '../processes.ts';
import { startQueryCounter } from '../queryCounter.ts';

const readers = 500;
/** Enough streams that memory reserved by the garbage collector does not hide the cost of one. */
const idle = 2_000;
/** A run of 10 s: long enough to open the streams and then to count reads. */
export const stubOf10s = { ARKLOOP_STUB_AGENT_DELTA_COUNT: '200', ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05' };

type Deps = { url: string; agent: Agent; person: Person };

/** Many streams of one run: whether each receives every event, the memory of one, and the database reads that they cause. */
export async function measureStreams(shared: SharedSettings): Promise<Figure[]> {
  const counter = await startQueryCounter(shared.databaseUrl, selectEvents);
  const api = await startServer('api', { ...shared, databaseUrl: counter.databaseUrl }, { ARKLOOP_MAX_STREAMS_PER_USER: '0' });
  const agent = newAgent();
  try {
    const [person] = await signUp(api.url, 1);
    const deps = { url: api.url, agent, person: person! };
    const held = await holdIdle(api, deps);
    const worker = await startServer('worker', shared, stubOf10s);
    const runId = await startRun(deps);
    const streams = await openStreams(deps, runId, readers);
    await sleep(2_000);
    const [readsBefore, since] = [counter.count(), new Date()];
    const lost = await incomplete(streams, 'run.completed');
    const reads = counter.count() - readsBefore;
    const batches = await batchesOf(shared.databaseUrl, runId, since);
    await worker.stop();
    return [
      ...held,
      { name: `${readers} streams of a busy run: incomplete`, unit: '', ours: lost, threshold: { most: 0 } },
      {
        name: 'reads of the database for a batch of events',
        unit: '',
        ours: reads / batches,
        threshold: { most: 1.1 },
        note: `${reads} reads for ${batches} batches and ${readers} readers`,
      },
    ];
  } finally {
    agent.destroy();
    await api.stop();
    counter.stop();
  }
}

/** Streams of a queued run, on a server that was under load before, so that its heap has grown to its working size. */
async function holdIdle(api: Program, deps: Deps): Promise<Figure[]> {
  const { person } = deps;
  const authorization = `Bearer ${person.token}`;
  await load(api, () => [{ method: 'GET', path: '/v1/threads', headers: { authorization } }], 200, 4);
  const runId = await startRun(deps);
  const streams = await openStreams(deps, runId, 100);
  const before = await residentBytes(api);
  const began = performance.now();
  streams.push(...(await openStreams(deps, runId, idle)));
  const openedMs = performance.now() - began;
  await sleep(1_000);
  const each = ((await residentBytes(api)) - before) / idle / 1_024;
  await call(api.url, 'POST', `/v1/runs/${runId}:cancel`, person.token, {});
  const lost = await incomplete(streams, 'run.cancelled');
  return [
    { name: 'memory of one stream', unit: 'KiB', ours: each, threshold: { most: 35 }, note: `${idle} opened in ${openedMs.toFixed(0)} ms` },
    { name: `${streams.length} streams of a waiting run: incomplete`, unit: '', ours: lost, threshold: { most: 0 } },
  ];
}

export async function startRun({ url, agent, person }: Deps): Promise<string> {
  const thread = await openThread(url, person, ['Hello!']);
  const run = await post<{ run_id: string }>(agent, url, person.token, `/v1/threads/${thread}/runs`, {});
  return run.run_id;
}

/** Opens streams in groups of 100: a server accepts at most 256 requests at once. A stream that is open no longer counts. */
export async function openStreams({ url, agent, person }: Deps, runId: string, count: number): Promise<EventReader[]> {
  const streams: EventReader[] = [];
  for (let n = 0; n < count; n += 100) {
    const group = Array.from({ length: 100 }, () => readEvents(agent, url, person.token, runId));
    streams.push(...group);
    await Promise.all(group.map(({ opened }) => opened));
  }
  return streams;
}

/** Counts the streams that did not deliver every event up to the last. */
async function incomplete(streams: readonly EventReader[], last: string): Promise<number> {
  const events = await Promise.all(streams.map(({ ended }) => ended));
  const most = Math.max(...events.map(({ length }) => length));
  return events.filter((own) => own.length < most || own.at(-1)?.type !== last).length;
}

/** Counts the transactions that wrote events of the run since a time. */
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
