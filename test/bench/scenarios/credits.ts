import type { Agent } from 'node:http';
import { selectAccountEntitlements } from '../../../server/resources/settings/queries.ts';
import { newAgent, post, readEvents } from '../events.ts';
import { type Figure, median } from '../figures.ts';
import type { BenchOptions } from '../load.ts';
import { call, openThread, type Person, signUp } from '../people.ts';
import { type Program, type SharedSettings, startModelServer, startServer } from '../processes.ts';
import { startQueryCounter } from '../queryCounter.ts';

const accounts = 100;
/** 3,000 tokens of a model without a price, at one credit per 1,000 tokens. */
const creditsOfRun = 3;
const checks = 200;

type ThreadOwner = Person & { threadId: string };

type Deps = { api: Program; agent: Agent; askers: readonly ThreadOwner[] };

/** The cost of charging a run when it ends, and of checking entitlements. */
export async function measureCredits(shared: SharedSettings, effort: BenchOptions): Promise<Figure[]> {
  return [...(await measureCharges(shared, effort)), await measureChecks(shared)];
}

/** One run in each of 100 accounts at once, alternating between charged and uncharged. */
async function measureCharges(shared: SharedSettings, { rounds }: BenchOptions): Promise<Figure[]> {
  const model = await startModelServer();
  const api = await startServer('api', shared);
  const worker = await startServer('worker', shared, {
    ARKLOOP_PROVIDER_ROUTING_JSON: JSON.stringify(routingTo(model)),
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
  });
  const agent = newAgent();
  try {
    const deps = { api, agent, askers: await createThreadOwners(api, accounts) };
    const perSecond: Record<string, number[]> = { counted: [], free: [] };
    const before = await balancesOf(deps);
    // The first rounds are a warm-up. The order alternates.
    for (let round = -2; round < rounds * 2; round++)
      for (const route of round % 2 === 0 ? ['counted', 'free'] : ['free', 'counted']) {
        const speed = await runAll(deps, route);
        if (round >= 0) perSecond[route]!.push(speed);
      }
    const taken = (rounds * 2 + 2) * creditsOfRun;
    const wrong = (await balancesOf(deps)).filter((balance, at) => balance !== before[at]! - taken).length;
    return [
      {
        name: `${accounts} runs of ${accounts} accounts: charged beside not charged`,
        unit: 'runs/s',
        ours: median(perSecond.counted!),
        yardstick: median(perSecond.free!),
        threshold: { ratio: 0.85, aim: 0.95 },
        note: `the yardstick is the same worker with a model that reports few tokens, which are free`,
      },
      { name: `balances of ${accounts} accounts debited at once: wrong`, unit: '', ours: wrong, threshold: { most: 0 } },
    ];
  } finally {
    agent.destroy();
    for (const program of [worker, api, model]) await program.stop();
  }
}

const routingTo = ({ url }: Program) => ({
  default_route_id: 'free',
  credentials: [{ id: 'c', provider_kind: 'openai', api_key: 'sk-bench', base_url: `${url}/v1`, openai_api_mode: 'chat_completions' }],
  routes: ['counted', 'free'].map((model) => ({ id: model, credential_id: 'c', model })),
});

async function createThreadOwners(api: Program, count: number): Promise<ThreadOwner[]> {
  const people = await signUp(api.url, count);
  return Promise.all(people.map(async (person) => ({ ...person, threadId: await openThread(api.url, person, ['Hello!']) })));
}

/** Runs per second, from the first request to the last final event that a client received. */
async function runAll({ api, agent, askers }: Deps, route: string): Promise<number> {
  const began = performance.now();
  await Promise.all(
    askers.map(async ({ token, threadId }) => {
      const path = `/v1/threads/${threadId}/runs`;
      const { run_id: runId } = await post<{ run_id: string }>(agent, api.url, token, path, { route_id: route });
      const last = (await readEvents(agent, api.url, token, runId).ended).at(-1)?.type;
      if (last !== 'run.completed')
        throw new Error(`a run ended with ${last} ${JSON.stringify(await call(api.url, 'GET', `/v1/runs/${runId}`, token))}`);
    }),
  );
  return (askers.length * 1_000) / (performance.now() - began);
}

const balancesOf = ({ api, askers }: Deps): Promise<number[]> =>
  Promise.all(askers.map(async ({ token }) => (await call<{ balance: number }>(api.url, 'GET', '/v1/me/credits', token)).balance));

/** Database reads for the entitlements of an account whose entitlements are cached. */
async function measureChecks(shared: SharedSettings): Promise<Figure> {
  const counter = await startQueryCounter(shared.databaseUrl, selectAccountEntitlements);
  const api = await startServer('api', { ...shared, databaseUrl: counter.databaseUrl });
  const agent = newAgent();
  try {
    const [person] = await signUp(api.url, 1);
    const threads = await Promise.all(Array.from({ length: checks + 1 }, () => openThread(api.url, person!, ['Hello!'])));
    const runs: string[] = [];
    const start = async (threadId: string) => {
      const { run_id: runId } = await post<{ run_id: string }>(agent, api.url, person!.token, `/v1/threads/${threadId}/runs`, {});
      runs.push(runId);
    };
    await start(threads[0]!);
    const before = counter.count();
    const began = performance.now();
    for (const threadId of threads.slice(1)) await start(threadId);
    const seconds = (performance.now() - began) / 1_000;
    const reads = counter.count() - before;
    // The workers of later scenarios would execute them.
    for (const runId of runs) await call(api.url, 'POST', `/v1/runs/${runId}:cancel`, person!.token, {});
    return {
      name: `${checks} entitlement checks with a warm cache: reads of the database`,
      unit: '',
      ours: reads,
      // A cached value expires after 4 s.
      threshold: { most: Math.ceil(seconds / 4) },
      note: `runs created in ${seconds.toFixed(1)} s; what is kept is read again after 4 s`,
    };
  } finally {
    agent.destroy();
    await api.stop();
    counter.stop();
  }
}
