import { type Agent, request } from 'node:http';
import pg from 'pg';
import { newAgent, post, readEvents } from '../events.ts';
import { type Figure, median } from '../figures.ts';
import type { BenchOptions } from '../load.ts';
import { openThread, type Person, signUp } from '../people.ts';
import { type SharedSettings, startDeltas, startServer } from '../processes.ts';
import { longCount, perSecond } from '../programs/deltas.ts';

type Read = { firstMs: number; ms: number };
type Pace = 'long' | 'paced';
type Bench = { agent: Agent; api: string; vendor: string; person: Person };

/** A long answer in small deltas, from the model provider to the reader of the run's stream, compared with reading it from the provider directly. */
export async function measureDeltas(shared: SharedSettings, { samples }: BenchOptions): Promise<Figure[]> {
  const source = await startDeltas('source');
  const api = await startServer('api', shared);
  const worker = await startServer('worker', shared, {
    ARKLOOP_PROVIDER_ROUTING_JSON: JSON.stringify(routingTo(source.url)),
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
  });
  const agent = newAgent();
  const client = new pg.Client({ connectionString: shared.databaseUrl });
  await client.connect();
  try {
    const [person] = await signUp(api.url, 1);
    const bench = { agent, api: api.url, vendor: source.url, person: person! };
    const figures: Figure[] = [];
    for (const pace of ['long', 'paced'] as const) figures.push(...(await measure(bench, client, pace, Math.max(3, samples / 60))));
    return figures;
  } finally {
    agent.destroy();
    await client.end();
    for (const program of [worker, api, source]) await program.stop();
  }
}

const routingTo = (url: string) => ({
  default_route_id: 'long',
  credentials: [{ id: 'c', provider_kind: 'openai', api_key: 'sk-bench', base_url: `${url}/v1`, openai_api_mode: 'chat_completions' }],
  routes: ['long', 'paced'].map((model) => ({ id: model, credential_id: 'c', model })),
});

async function measure(bench: Bench, client: pg.Client, pace: Pace, rounds: number): Promise<Figure[]> {
  const ours: (Read & { transactions: number })[] = [];
  const direct: Read[] = [];
  // The first round is a warm-up.
  for (let round = 0; round <= rounds; round++) {
    const threadId = await openThread(bench.api, bench.person, ['Hello!']);
    const { runId, ...read } = await readRun(bench, threadId, pace);
    ours.push({ ...read, transactions: await transactionsOf(client, runId) });
    direct.push(await readVendor(bench, pace));
  }
  const name = `${longCount.toLocaleString('en')} deltas ${pace === 'long' ? 'at once' : `at ${perSecond.toLocaleString('en')}/s`}`;
  const middle = (of: (read: Read) => number) => ({ ours: median(ours.slice(1).map(of)), yardstick: median(direct.slice(1).map(of)) });
  const transactions = median(ours.slice(1).map((read) => read.transactions));
  return [
    { name: `${name}: last`, unit: 'ms', ...middle(({ ms }) => ms), threshold: 'for information', note: `in ${transactions} transactions` },
    { name: `${name}: first`, unit: 'ms', ...middle(({ firstMs }) => firstMs), threshold: 'for information' },
  ];
}

/** Measures from the POST to the events at the reader. */
async function readRun({ agent, api, person: { token } }: Bench, threadId: string, pace: Pace): Promise<Read & { runId: string }> {
  const began = performance.now();
  const { run_id: runId } = await post<{ run_id: string }>(agent, api, token, `/v1/threads/${threadId}/runs`, { route_id: pace });
  const events = await readEvents(agent, api, token, runId).ended;
  const deltas = events.filter(({ type }) => type === 'message.delta');
  if (deltas.length !== longCount) throw new Error(`${deltas.length} deltas arrived`);
  return { runId, firstMs: deltas[0]!.at - began, ms: events.at(-1)!.at - began };
}

/** Reads the same bytes without parsing them. */
function readVendor({ vendor }: Bench, pace: Pace): Promise<Read> {
  const { promise, resolve, reject } = Promise.withResolvers<Read>();
  const began = performance.now();
  // A new connection: the server may close a kept-alive connection at the same moment.
  const asked = request(`${vendor}/v1/chat/completions`, { agent: false, method: 'POST' }, (response) => {
    let firstMs = 0;
    response.on('data', () => (firstMs ||= performance.now() - began));
    response.on('end', () => resolve({ firstMs, ms: performance.now() - began }));
  });
  asked.on('error', reject).end(JSON.stringify({ model: pace }));
  return promise;
}

async function transactionsOf(client: pg.Client, runId: string): Promise<number> {
  const { rows } = await client.query('select count(distinct xmin::text)::int as count from run_events where run_id = $1', [runId]);
  return rows[0].count;
}
