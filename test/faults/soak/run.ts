import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { audit, summarize } from '../../support/auditor/audit.ts';
import { newJournal } from '../../support/auditor/journal.ts';
import { query } from '../../support/cluster/query.ts';
import { type Installation, startInstallation } from '../installation.ts';
import { startLoad } from '../load.ts';
import { type ServerName, serverNames } from '../plan.ts';
import { seededRandom } from '../random.ts';
import { startUpstream } from '../upstream.ts';
import { growthOf, type Limit, type Series } from './growth.ts';

/* `npm run soak -- --seconds 1800`: see docs/guides/fault-tests.md. */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    seconds: { type: 'string', default: '1800' },
    people: { type: 'string', default: '4' },
    /** Seconds between samples. */
    every: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const every = Number(values.every ?? Math.max(5, seconds / 60));
const say = (line: string) => void process.stdout.write(`${line}\n`);

const mebibyte = 2 ** 20;
const limits = {
  heap: { unit: 'MiB', perHour: 24, noise: 4 },
  // V8 and the allocator take memory in steps: up to 33 MiB at once was measured, while the heap after collections stayed the same.
  rss: { unit: 'MiB', perHour: 96, noise: 48 },
  handles: { unit: '', perHour: 20, noise: 8 },
  connections: { unit: '', perHour: 8, noise: 4 },
  'bytes per row': { unit: 'B', perHour: 100, noise: 25 },
} as const satisfies Record<string, Limit>;
type Quantity = keyof typeof limits;

const series = new Map<string, { quantity: Quantity; of: string; points: Series }>();
function note(of: string, quantity: Quantity, at: number, value: number) {
  const key = `${of} ${quantity}`;
  const known = series.get(key) ?? { quantity, of, points: [] };
  series.set(key, known);
  known.points.push({ seconds: at, value });
}

type Probe = { heap: number; rss: number; handles: number };
const probes = new Map<string, (probe: Probe) => void>();
function onLine(name: string, line: string) {
  if (line.startsWith('{"probe"')) probes.get(name)?.((JSON.parse(line) as { probe: Probe }).probe);
}

async function probe({ servers }: Installation, name: ServerName): Promise<Probe> {
  const { promise, resolve } = Promise.withResolvers<Probe>();
  probes.set(name, resolve);
  servers[name].signal('SIGUSR2');
  return promise;
}

const tables = [
  'users',
  'threads',
  'messages',
  'runs',
  'run_events',
  'credit_transactions',
  'webhook_deliveries',
  'idempotency_keys',
  'audit_logs',
];

async function sample(installation: Installation, at: number) {
  for (const name of serverNames) {
    const { heap, rss, handles } = await probe(installation, name);
    note(name, 'heap', at, heap / mebibyte);
    note(name, 'rss', at, rss / mebibyte);
    note(name, 'handles', at, handles);
  }
  const [stored] = await query<{ connections: number; bytes: number; rows: number }>(
    installation.databaseUrl,
    `select (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections, pg_database_size(current_database())::float8 as bytes,
       ${tables.map((table) => `(select count(*) from ${table})`).join(' + ')}::float8 as rows`,
  );
  note('PostgreSQL', 'connections', at, stored.connections);
  note('PostgreSQL', 'bytes per row', at, (stored.bytes - emptyBytes) / stored.rows);
}

let emptyBytes = 0;
const journal = newJournal();
const upstream = await startUpstream(journal);
const probeFile = new URL('./probe.ts', import.meta.url).href;
const installation = await startInstallation({
  upstreamUrl: upstream.url,
  env: { NODE_OPTIONS: `--expose-gc --import=${probeFile}` },
  onLine,
});
try {
  [{ bytes: emptyBytes }] = await query<{ bytes: number }>(
    installation.databaseUrl,
    'select pg_database_size(current_database())::float8 as bytes',
  );
  say(`seed ${values.seed}: ${seconds} s, a sample every ${every.toFixed(0)} s`);
  const { url, admin } = installation;
  const random = seededRandom(Number(values.seed));
  const load = startLoad({ url, upstreamUrl: upstream.url, admin, journal, random, people: Number(values.people), pauseMs: 500 });
  const began = Date.now();
  for (let at = every; at <= seconds; at += every) {
    await sleep(Math.max(0, began + at * 1_000 - Date.now()));
    await sample(installation, at);
  }
  await load.stop();
  await sleep(5_000);
  const findings = await audit({
    databaseUrl: installation.databaseUrl,
    encryptionKeys: installation.encryptionKeys,
    journal,
    isSettled: true,
  });
  const grown = report();
  say(`requests: ${load.totals.requests}, acknowledged writes: ${load.totals.acknowledged}, errors logged: ${installation.errors.length}`);
  for (const { name, message } of installation.errors) say(`  ${name}: ${message.slice(0, 300)}`);
  say(`findings: ${findings.length}`);
  for (const line of summarize(findings)) say(`  ${line}`);
  process.exitCode = grown || findings.length > 0 ? 1 : 0;
} finally {
  upstream.close();
  await installation.stop();
}

/** Prints the growth in the second half. Returns whether anything grew too fast. */
function report(): boolean {
  const rows = [...series.values()].map(({ of, quantity, points }) => ({
    of,
    quantity,
    ...growthOf(points, limits[quantity]),
    limit: limits[quantity].perHour,
  }));
  console.table(
    rows.map(({ of, quantity, first, last, perHour, limit, isTooFast }) => ({
      of,
      quantity,
      'at half': Number(first.toFixed(1)),
      'at the end': Number(last.toFixed(1)),
      'per hour': Number(perHour.toFixed(1)),
      limit,
      verdict: isTooFast ? 'grows' : 'ok',
    })),
  );
  return rows.some(({ isTooFast }) => isTooFast);
}
