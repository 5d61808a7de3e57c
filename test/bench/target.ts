import { type Figure, median } from './figures.ts';
import { type BenchOptions, load, type Plan } from './load.ts';
import { type Person, signUp } from './people.ts';
import { timeFanOut } from './scenarios/fanOut.ts';
import { loginPlan } from './scenarios/logins.ts';
import { timeRuns } from './scenarios/runs.ts';
import { threadPlans } from './scenarios/threads.ts';

/** What a scenario calls: the server and its registered users. */
type Target = { url: string; people: readonly Person[] };

/** The scenarios that need only the API of a server. */
export const targetScenarios: Readonly<Record<string, (target: Target, effort: BenchOptions) => Promise<Figure[]>>> = {
  threads: measureThreads,
  runs: ({ url, people }, { samples }) => timeRuns(url, people[0]!, samples),
  streams: async ({ url, people }) => [await timeFanOut(url, people[0]!, 500)],
  logins: async (target, effort) => [await rateOf('sign-ins, 8 at a time', target, loginPlan(target.people), 8, effort)],
};

/** Measures a running server that speaks the API. It registers 16 users there, whose threads remain. */
export async function measureTarget(url: string, names: readonly string[], effort: BenchOptions): Promise<Figure[]> {
  const people = await signUp(url, 16).catch((error) => {
    throw new Error(`no users at ${url}; it must allow 16 registrations from one address (ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR)`, {
      cause: error,
    });
  });
  const figures: Figure[] = [];
  for (const [at, name] of names.entries()) {
    process.stderr.write(`measuring ${name} (${at + 1} of ${names.length}) …\n`);
    figures.push(...(await targetScenarios[name]!({ url, people }, effort)));
  }
  return figures;
}

async function measureThreads(target: Target, effort: BenchOptions): Promise<Figure[]> {
  const plans = await threadPlans(target.url, target.people);
  return [
    await rateOf('threads: create, get, patch, delete; 200 connections', target, plans.cycle, 200, effort),
    await rateOf('one thread, 100 connections', target, plans.one, 100, effort),
    await rateOf('list of 50 messages, 50 connections', target, plans.list, 50, effort),
  ];
}

async function rateOf(name: string, { url }: Target, plan: Plan, connections: number, { seconds, rounds }: BenchOptions): Promise<Figure> {
  await load({ url }, plan, connections, Math.min(3, seconds));
  const results = [];
  for (let round = 0; round < rounds; round++) results.push(await load({ url }, plan, connections, seconds));
  const [p50, p99] = [median(results.map((each) => each.p50)), median(results.map((each) => each.p99))];
  return {
    name,
    unit: 'requests/s',
    ours: median(results.map(({ perSecond }) => perSecond)),
    threshold: 'for information',
    note: `p50/p99 ${p50}/${p99} ms`,
  };
}
