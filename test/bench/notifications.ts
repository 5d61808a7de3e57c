import { type Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { openDatabase } from '../../server/database/database.ts';
import { openNotificationChannel } from '../../server/pubsub/openChannel.ts';
import { createRunNotifier } from '../../server/pubsub/runNotifier.ts';
import { nats, redis } from '../support/cluster/brokers.ts';
import { cpuSeconds } from './cpu.ts';
import { newAgent, post } from './events.ts';
import { median } from './figures.ts';
import { openThread, type Person, signUp } from './people.ts';
import { newSecret, type Program, type Shared, startPostgres, startServer, stopAll } from './processes.ts';

/**
 * The time from the commit of an event to its arrival at each reader, and the processor time, by what carries the notifications: `node
 * test/bench/notifications.ts`. A carrier whose program is not installed is left out.
 */
const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '200' },
    processes: { type: 'string', default: '2' },
    /** Events per second, over all runs. */
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '1' },
  },
});
const amounts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])) as Record<
  keyof typeof values,
  number
>;

const runsPerUser = 10;

type Carrier = { name: string; url: string | undefined; pid: number | undefined };
type Round = { carrier: string; p50: number; p99: number; lost: number; apiMs: number; databaseMs: number; brokerMs: number };

const log = pino({ level: 'silent' });
const insertEvent = `with run as (update runs set last_activity_at = now() where id = $1 returning id)
  insert into run_events (run_id, seq, event_id, type, data, created_at) select id, $2, gen_random_uuid(), 'message.delta', $3, now() from run`;

/** Reads a stream and reports the delay of each event, in milliseconds. Resolves when the stream is open. */
function follow(agent: Agent, url: string, { token }: Person, runId: string, report: (delayMs: number) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const asked = request(`${url}/v1/runs/${runId}/events`, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
    if (response.statusCode !== 200) return reject(new Error(`a stream answered ${response.statusCode}`));
    resolve();
    response.setEncoding('utf8').on('error', () => undefined);
    response.on('data', (chunk: string) => {
      const now = performance.now();
      for (const [, sent] of chunk.matchAll(/"sent":([\d.]+)/g)) report(now - Number(sent));
    });
  });
  asked.on('error', reject).end();
  return promise;
}

async function measure(shared: Shared, carrier: Carrier): Promise<Round> {
  const env = {
    ARKLOOP_MAX_STREAMS_PER_USER: '0',
    ARKLOOP_API_MAX_IN_FLIGHT: '0',
    ...(carrier.url && { ARKLOOP_PUBSUB_URL: carrier.url }),
  };
  const apis: Program[] = [];
  for (let n = 0; n < amounts.processes; n++) apis.push(await startServer('api', shared, env));
  // Active runs reserve credits, so one user has a few of them only.
  const people = await signUp(apis[0]!.url, Math.ceil(amounts.runs / runsPerUser));
  const ownerOf = (run: number) => people[Math.floor(run / runsPerUser)]!;
  const agent = newAgent();
  const database = openDatabase(shared.databaseUrl, { max: 16, log, applicationName: 'bench' });
  const channel = openNotificationChannel({ pubsubUrl: carrier.url, directUrl: shared.databaseUrl, database, topics: ['bench'], log });
  const notifier = createRunNotifier(channel, (error) => process.stderr.write(`${String(error)}\n`));
  try {
    const start = async (run: number) => {
      const thread = await openThread(apis[0]!.url, ownerOf(run), ['Measured']);
      const path = `/v1/threads/${thread}/runs`;
      return (await post<{ run_id: string }>(agent, apis[0]!.url, ownerOf(run).token, path, {})).run_id;
    };
    const runs: string[] = [];
    for (let n = 0; n < amounts.runs; n += 20) {
      const some = Array.from({ length: Math.min(20, amounts.runs - n) }, (_, at) => start(n + at));
      runs.push(...(await Promise.all(some)));
    }
    const delays: number[] = [];
    const perRun = amounts.streams / amounts.runs;
    const open = (n: number) => {
      const run = Math.floor(n / perRun);
      return follow(agent, apis[n % apis.length]!.url, ownerOf(run), runs[run]!, (delay) => delays.push(delay));
    };
    for (let n = 0; n < amounts.streams; n += 100) await Promise.all(Array.from({ length: 100 }, (_, at) => open(n + at)));
    while (!channel.isUp) await sleep(50);
    const cpu = () => ({
      api: apis.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
      database: cpuSeconds(shared.postgresPid),
      broker: carrier.pid ? cpuSeconds(carrier.pid) : 0,
    });
    // The events of a run have consecutive numbers, in the order of their commits.
    const { rows } = await database.pool.query('select run_id, max(seq) as seq from run_events group by 1');
    const last = new Map<string, Promise<number>>(rows.map(({ run_id: run, seq }) => [run, Promise.resolve(seq)]));
    const insert = async (run: string, seq: number) => {
      await database.pool.query(insertEvent, [run, seq, JSON.stringify({ content_delta: 'word ', sent: performance.now() })]);
      notifier.notify(run);
      return seq;
    };
    const append = () => {
      const run = runs[Math.floor(Math.random() * runs.length)]!;
      const appended = last.get(run)!.then((seq) => insert(run, seq + 1));
      last.set(run, appended);
      return appended;
    };
    const [before, began] = [cpu(), performance.now()];
    const count = amounts.rate * amounts.seconds;
    const sends: Promise<unknown>[] = [];
    for (let n = 0; n < count; n++) {
      const due = began + (n * 1_000) / amounts.rate - performance.now();
      if (due > 0) await sleep(due);
      sends.push(append());
    }
    await Promise.all(sends);
    await sleep(2_500);
    const after = cpu();
    delays.sort((a, b) => a - b);
    const at = (part: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * part))]!;
    const perEvent = (seconds: number) => (seconds * 1_000) / count;
    return {
      carrier: carrier.name,
      p50: at(0.5),
      p99: at(0.99),
      lost: count * perRun - delays.length,
      apiMs: perEvent(after.api - before.api),
      databaseMs: perEvent(after.database - before.database),
      brokerMs: perEvent(after.broker - before.broker),
    };
  } finally {
    agent.destroy();
    await channel.close();
    await database.close();
    await Promise.all(apis.map((api) => api.stop()));
  }
}

const carriers: Carrier[] = [{ name: 'PostgreSQL', url: undefined, pid: undefined }];
const stops: (() => Promise<void>)[] = [];
for (const [name, open] of [
  ['Redis', redis],
  ['NATS', nats],
] as const) {
  const broker = await open();
  if ('reason' in broker) {
    process.stderr.write(`${name}: ${broker.reason}\n`);
    continue;
  }
  await broker.start();
  stops.push(broker.stop);
  carriers.push({ name, url: broker.url, pid: broker.pid() });
}
const postgres = await startPostgres();
const shared = { databaseUrl: postgres.databaseUrl, postgresPid: postgres.postgresPid, jwtSecret: newSecret() };
const rounds: Round[] = [];
try {
  for (let round = 0; round < amounts.rounds; round++)
    for (const carrier of carriers) {
      const measured = await measure(shared, carrier);
      rounds.push(measured);
      process.stderr.write(`${lineOf([measured])}\n`);
    }
} finally {
  await stopAll();
  await Promise.all([...stops.map((stop) => stop()), postgres.stop()]);
}
for (const { name } of carriers) process.stdout.write(`${lineOf(rounds.filter(({ carrier }) => carrier === name))}\n`);

/** The medians of rounds with one carrier. */
function lineOf(own: readonly Round[]): string {
  const fields = ['p50', 'p99', 'lost', 'apiMs', 'databaseMs', 'brokerMs'] as const;
  const text = fields.map((field) => `${field} ${median(own.map((each) => each[field])).toFixed(2)}`);
  return `${own[0]!.carrier.padEnd(12)}${text.join('  ')}`;
}
