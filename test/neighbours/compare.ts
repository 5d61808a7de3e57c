import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type Day, liveDay } from './day.ts';
import { startInstallation } from './installation.ts';
import { startModel } from './model.ts';
import { registerTenant } from './tenant.ts';

/** How a day beside a neighbour differed from the days alone before and after it. Percentiles are in milliseconds. */
export type Comparison = {
  noise: string;
  requests: number;
  p50: number;
  p99: number;
  /** Of both days alone: what else the machine does meanwhile delays them too. */
  aloneP99: number;
  maxP99: number;
  differences: string[];
  /** The answers that the neighbour got, by status. */
  neighbour: Record<string, number>;
};

export type CompareOptions = {
  noises: readonly string[];
  runs: number;
  rounds: number;
  /** Told after each day. */
  onComparison?: (comparison: Comparison) => void;
  onLine?: (name: string, line: string) => void;
};

/** The least kinds of requests of a day. */
const minKinds = 60;
/** A neighbour may make requests this much slower: three times, or 100 ms. */
const maxFactor = 3;
const maxAddedMs = 100;

/** Compares days of one tenant beside each neighbour with its days alone, which come in between. Every day has a tenant and a neighbour of its own. */
export async function compareNeighbours({ noises, runs, rounds, onComparison, onLine = () => {} }: CompareOptions): Promise<Comparison[]> {
  const installation = await startInstallation(onLine);
  const { url, adminToken, databaseUrl, exits } = installation;
  let deliveries: unknown[] = [];
  const model = await startModel((body, res) => {
    deliveries.push(body);
    res.writeHead(200).end();
  });
  async function day() {
    deliveries = [];
    const tenant = await registerTenant(url, model.url, adminToken, 'quiet');
    return liveDay({ url, tenant, receiverUrl: model.url, deliveries, runs, rounds });
  }
  try {
    // The first day compiles statements and fills caches.
    await day();
    const alone = await day();
    if (alone.kinds.size < minKinds) throw new Error(`a day has ${alone.kinds.size} kinds of requests`);
    const comparisons: Comparison[] = [];
    let before = alone;
    for (const noise of noises) {
      const neighbour = await startNeighbour(noise, [url, databaseUrl, adminToken]);
      let beside: Day;
      let statuses: Record<string, number>;
      try {
        beside = await day();
        statuses = await stop(neighbour);
      } finally {
        neighbour.kill('SIGKILL');
      }
      const after = await day();
      const aloneP99 = percentile([...before.durations, ...after.durations], 0.99);
      comparisons.push({
        noise,
        requests: beside.durations.length,
        p50: percentile(beside.durations, 0.5),
        p99: percentile(beside.durations, 0.99),
        aloneP99,
        maxP99: Math.max(maxFactor * aloneP99, aloneP99 + maxAddedMs),
        differences: [
          ...differencesOf(alone, beside),
          ...differencesOf(alone, after).map((each) => `afterwards, ${each}`),
          ...exits.splice(0),
        ],
        neighbour: statuses,
      });
      onComparison?.(comparisons.at(-1)!);
      before = after;
    }
    return comparisons;
  } finally {
    model.close();
    await installation.stop();
  }
}

async function startNeighbour(noise: string, args: readonly string[]): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('noise/main.ts', import.meta.url));
  const child = spawn(process.execPath, [program, noise, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!Buffer.isBuffer(line)) throw new Error(`the neighbour that ${noise} did not start`);
  return child;
}

/** Ends the neighbour. Returns the answers that it got, by status. */
async function stop(child: ChildProcess): Promise<Record<string, number>> {
  const rest = text(child.stdout!);
  child.kill('SIGTERM');
  return JSON.parse((await rest).trim().split('\n').at(-1)!) as Record<string, number>;
}

const percentile = (durations: readonly number[], share: number) =>
  durations.toSorted((a, b) => a - b)[Math.min(durations.length - 1, Math.floor(durations.length * share))]!;

function differencesOf(alone: Day, beside: Day): string[] {
  const differences = alone.answers.flatMap((expected, at) => {
    const got = beside.answers[at];
    return isDeepStrictEqual(got, expected) ? [] : [`${expected.request}: ${JSON.stringify(got)} instead of ${JSON.stringify(expected)}`];
  });
  if (beside.answers.length !== alone.answers.length)
    differences.push(`${beside.answers.length} answers instead of ${alone.answers.length}`);
  return differences;
}
