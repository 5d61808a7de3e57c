import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Arrival, newAgent, post, type Reading, readEvents } from '../events.ts';
import type { Figure } from '../figures.ts';
import { openThread, signUp } from '../people.ts';
import { residentBytes, type Shared, startServer } from '../processes.ts';
import { startQueryCounter } from '../queryCounter.ts';

const readers = 500;
/** Open before the measurement: what the first streams bring into memory once is no part of what each costs. */
const earlier = 100;
/** Long enough to open the streams, and then to count for a while. */
const pieces = { count: 300, seconds: 0.05 };
const stub = { ARKLOOP_STUB_AGENT_DELTA_COUNT: `${pieces.count}`, ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: `${pieces.seconds}` };

/** Many streams of one run: all held to its end, what one costs in memory, and how often the database is read for them. */
export async function measureStreams(shared: Shared): Promise<Figure[]> {
  const counter = await startQueryCounter(shared.databaseUrl, 'from run_events where run_id = $1 and seq > $2');
  const api = await startServer('api', { ...shared, databaseUrl: counter.databaseUrl });
  const worker = await startServer('worker', shared, stub);
  const agent = newAgent();
  try {
    const [person] = await signUp(api.url, 1);
    const { token } = person!;
    const thread = await openThread(api.url, person!, ['Hello!']);
    const { run_id: runId } = await post<{ run_id: string }>(agent, api.url, token, `/v1/threads/${thread}/runs`, {});
    const streams: Reading[] = [];
    // A server takes no more than 256 requests at once, and an open stream is none.
    const open = async (count: number) => {
      for (let n = 0; n < count; n += 100) {
        const group = Array.from({ length: 100 }, () => readEvents(agent, api.url, token, runId));
        streams.push(...group);
        await Promise.all(group.map(({ opened }) => opened));
      }
    };
    await open(earlier);
    await sleep(3_000);
    const before = await residentBytes(api);
    const began = performance.now();
    await open(readers);
    const openedMs = performance.now() - began;
    await sleep(2_000);
    const [readsBefore, since] = [counter.count(), new Date()];
    await sleep(2_000);
    const perStream = ((await residentBytes(api)) - before) / readers / 1_024;
    const events = await Promise.all(streams.map(({ ended }) => ended));
    const reads = counter.count() - readsBefore;
    const batches = await batchesOf(shared.databaseUrl, runId, since);
    return [
      { ...lossOf(events), note: `${readers} opened in ${openedMs.toFixed(0)} ms` },
      { name: 'memory of one stream', unit: 'KiB', ours: perStream, minimum: { most: 35 } },
      {
        name: 'reads of the database for a batch of events',
        unit: '',
        ours: reads / batches,
        minimum: { most: 1.1 },
        note: `${reads} reads for ${batches} batches and ${streams.length} readers`,
      },
    ];
  } finally {
    agent.destroy();
    await Promise.all([api.stop(), worker.stop()]);
    counter.stop();
  }
}

function lossOf(events: readonly Arrival[][]): Figure {
  const most = Math.max(...events.map(({ length }) => length));
  const lost = events.filter((own) => own.length < most || own.at(-1)?.type !== 'run.completed').length;
  return { name: `${events.length} streams of one run, ${most} events: incomplete`, unit: '', ours: lost, minimum: { most: 0 } };
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
