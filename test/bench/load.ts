import autocannon, { type Request } from 'autocannon';
import { median } from './figures.ts';
import type { Program } from './processes.ts';

/** How long and how often is measured. */
export type Effort = { seconds: number; rounds: number; samples: number };

/** Makes the requests of one connection, one after the other, again and again. */
export type Plan = () => Request[];

export type LoadResult = { perSecond: number; p50: number; p99: number };

/** Load one program; throws when an answer was not a success, because then other work was measured. */
export async function load({ url }: Program, plan: Plan, connections: number, seconds: number): Promise<LoadResult> {
  const result = await autocannon({ url, connections, duration: seconds, requests: plan() });
  if (result.errors + result.timeouts + result.non2xx > 0)
    throw new Error(`${result.errors} errors, ${result.timeouts} timeouts, ${result.non2xx} refusals under load`);
  return { perSecond: result.requests.total / result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}

export type Compared = { ours: LoadResult; yardstick: LoadResult };

/** Load both in turn, after a while of getting warm, and take the medians. */
export async function compare(
  ours: Program,
  yardstick: Program,
  plan: Plan,
  connections: number,
  { seconds, rounds }: Effort,
): Promise<Compared> {
  for (const program of [ours, yardstick]) await load(program, plan, connections, Math.min(3, seconds));
  const results: { ours: LoadResult[]; yardstick: LoadResult[] } = { ours: [], yardstick: [] };
  for (let round = 0; round < rounds; round++) {
    // Whoever is second meets a busier database: the order changes.
    const order = round % 2 === 0 ? (['ours', 'yardstick'] as const) : (['yardstick', 'ours'] as const);
    for (const side of order) results[side].push(await load(side === 'ours' ? ours : yardstick, plan, connections, seconds));
  }
  return { ours: middle(results.ours), yardstick: middle(results.yardstick) };
}

const middle = (results: readonly LoadResult[]): LoadResult => ({
  perSecond: median(results.map(({ perSecond }) => perSecond)),
  p50: median(results.map(({ p50 }) => p50)),
  p99: median(results.map(({ p99 }) => p99)),
});

/** The latencies of a comparison, for the notes. */
export const latencies = ({ ours, yardstick }: Compared) =>
  `p50/p99 ${ours.p50}/${ours.p99} ms, yardstick ${yardstick.p50}/${yardstick.p99} ms`;
