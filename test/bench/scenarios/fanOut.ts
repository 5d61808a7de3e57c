import { type Arrival, newAgent } from '../events.ts';
import { type Figure, median, percentile } from '../figures.ts';
import { type Person, signUp } from '../people.ts';
import { type SharedSettings, startServer } from '../processes.ts';
import { openStreams, startRun, stubOf10s } from './streams.ts';

/** The delay of an event at 500 and at 2,000 streams of a run. */
export async function measureFanOut(shared: SharedSettings): Promise<Figure[]> {
  const server = await startServer('all', shared, { ...stubOf10s, ARKLOOP_MAX_STREAMS_PER_USER: '0' });
  try {
    const [person] = await signUp(server.url, 1);
    const figures: Figure[] = [];
    for (const readers of [500, 2_000]) figures.push(await timeFanOut(server.url, person!, readers));
    return figures;
  } finally {
    await server.stop();
  }
}

/** Measures from the first arrival of an event to each. */
export async function timeFanOut(url: string, person: Person, readers: number): Promise<Figure> {
  const agent = newAgent();
  try {
    const deps = { url, agent, person };
    const streams = await openStreams(deps, await startRun(deps), readers);
    const openedAt = performance.now();
    const all = await Promise.all(streams.map(({ ended }) => ended));
    const delays = delaysAfter(openedAt, all);
    return {
      name: `fan-out to ${readers} streams, p99`,
      unit: 'ms',
      ours: percentile(delays, 99),
      threshold: 'for information',
      note: `p50 ${median(delays).toFixed(1)} ms, of ${delays.length / readers} events after the last stream was open`,
    };
  } finally {
    agent.destroy();
  }
}

/** Of the events whose first arrival is after a time. Every stream delivers all events of the run in order. */
function delaysAfter(time: number, streams: readonly (readonly Arrival[])[]): number[] {
  const count = Math.max(...streams.map(({ length }) => length));
  if (streams.some(({ length }) => length < count)) throw new Error('a stream did not deliver every event');
  const delays: number[] = [];
  for (let at = 0; at < count; at++) {
    const arrivals = streams.map((events) => events[at]!.at);
    const first = Math.min(...arrivals);
    if (first > time) delays.push(...arrivals.map((arrival) => arrival - first));
  }
  return delays;
}
