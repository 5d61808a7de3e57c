import autocannon, { type Request } from 'autocannon';
import { median } from './figures.ts';
import type { Program } from './processes.ts';

/** Seconds per round, rounds per comparison, and samples per scenario. */
export type BenchOptions = { seconds: number; rounds: number; samples: number };

/** Builds the requests of one connection. They are sent in sequence and repeated. */
export type Plan = () => Request[];

export type LoadResult = { perSecond: number; p50: number; p99: number };

/** Loads one program. Throws on any error, timeout, or non-2xx response, because then different work was measured. */
export async function load({ url }: Program, plan: Plan, connections: number, seconds: number): Promise<LoadResult> {
  const result = await autocannon({ url, connections, duration: seconds, requests: plan() });
  if (result.errors + result.timeouts + result.non2xx > 0)
    throw new Error(`${result.errors} errors, ${result.timeouts} timeouts, ${result.non2xx} refusals under load`);
  return { perSecond: result.requests.total / result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}

export type Comparison = { ours: LoadResult; yardstick: LoadResult };

/** Loads both programs in alternating rounds after a warm-up, and returns the medians. */
export async function compare(
  ours: Program,
  yardstick: Program,
  plan: Plan,
  connections: number,
  { seconds, rounds }: BenchOptions,
): Promise<Comparison> {
  for (const program of [ours, yardstick]) await load(program, plan, connections, Math.min(3, seconds));
  const results: { ours: LoadResult[]; yardstick: LoadResult[] } = { ours: [], yardstick: [] };
  for (let round = 0; round < rounds; round++) {
    // The second program meets a busier database, so the order alternates.
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

export const latencies = ({ ours, yardstick }: Comparison) =>
  `p50/p99 ${ours.p50}/${ours.p99} ms, yardstick ${yardstick.p50}/${yardstick.p99} ms`;
