import autocannon, { type Request } from 'autocannon';
import { cpuSeconds } from './cpu.ts';
import { median } from './figures.ts';
import type { Program } from './processes.ts';

/** Seconds per round, rounds per comparison, and samples per scenario. */
export type BenchOptions = { seconds: number; rounds: number; samples: number };

/** Builds the requests of one connection. They are sent in sequence and repeated. */
export type Plan = () => Request[];

/** Requests per second, latencies in milliseconds, and milliseconds of CPU per request of the program and of PostgreSQL. */
export type LoadResult = { perSecond: number; p50: number; p99: number; cpuMs: number; databaseCpuMs: number };

/** The programs to compare, and the PostgreSQL that both use. */
export type Sides = { ours: Program; yardstick: Program; postgresPid: number };

/** Loads one program. Throws on any error, timeout, or non-2xx response, because then different work was measured. */
export async function load(
  { url, pid }: Pick<Program, 'url'> & { pid?: number },
  plan: Plan,
  connections: number,
  seconds: number,
  postgresPid?: number,
): Promise<LoadResult> {
  const used = () => [pid, postgresPid].map((each) => (each === undefined ? 0 : cpuSeconds(each)));
  const before = used();
  const result = await autocannon({ url, connections, duration: seconds, requests: plan() });
  if (result.errors + result.timeouts + result.non2xx > 0)
    throw new Error(`${result.errors} errors, ${result.timeouts} timeouts, ${result.non2xx} refusals under load`);
  const [cpuMs = 0, databaseCpuMs = 0] = used().map((seconds, at) => ((seconds - before[at]!) * 1_000) / result.requests.total);
  const { requests, duration, latency } = result;
  return { perSecond: requests.total / duration, p50: latency.p50, p99: latency.p99, cpuMs, databaseCpuMs };
}

export type Comparison = { ours: LoadResult; yardstick: LoadResult };

/** Loads both programs in alternating rounds after a warm-up, and returns the medians. */
export async function compare(sides: Sides, plan: Plan, connections: number, { seconds, rounds }: BenchOptions): Promise<Comparison> {
  for (const program of [sides.ours, sides.yardstick]) await load(program, plan, connections, Math.min(3, seconds));
  const results: { ours: LoadResult[]; yardstick: LoadResult[] } = { ours: [], yardstick: [] };
  for (let round = 0; round < rounds; round++) {
    // The second program meets a busier database, so the order alternates.
    const order = round % 2 === 0 ? (['ours', 'yardstick'] as const) : (['yardstick', 'ours'] as const);
    for (const side of order) results[side].push(await load(sides[side], plan, connections, seconds, sides.postgresPid));
  }
  return { ours: middle(results.ours), yardstick: middle(results.yardstick) };
}

const middle = (results: readonly LoadResult[]): LoadResult => ({
  perSecond: median(results.map(({ perSecond }) => perSecond)),
  p50: median(results.map(({ p50 }) => p50)),
  p99: median(results.map(({ p99 }) => p99)),
  cpuMs: median(results.map(({ cpuMs }) => cpuMs)),
  databaseCpuMs: median(results.map(({ databaseCpuMs }) => databaseCpuMs)),
});

export const notesOf = ({ ours, yardstick }: Comparison) =>
  `p50/p99 ${ours.p50}/${ours.p99} ms, yardstick ${yardstick.p50}/${yardstick.p99} ms; ` +
  `CPU ${cpuOf(ours)}, yardstick ${cpuOf(yardstick)} a request`;

const cpuOf = ({ cpuMs, databaseCpuMs }: LoadResult) => `${cpuMs.toFixed(2)} + ${databaseCpuMs.toFixed(2)} ms`;
