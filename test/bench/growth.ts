import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../server/database/embedded.ts';
import { newId } from '../../server/platform/crypto/ids.ts';
import { generateGrowth, settle } from '../statements/growthData.ts';
import { median } from './figures.ts';
import { signUp } from './people.ts';
import { newSecret, startServer, stopAll } from './processes.ts';

/** Threads of one user. The other users have four times as many together. */
const allSizes = '100,1000,10000';
const otherUsers = 40;

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '60' },
    sizes: { type: 'string', default: allSizes },
    /** Events of a run. */
    events: { type: 'string', default: '2' },
  },
});
const sizes = values.sizes.split(',').map(Number);
const amounts = { messages: 20, runs: 4, eventsPerRun: Number(values.events) };

const paths = {
  'own threads': '/v1/threads',
  'a thread': '/v1/threads/{thread}',
  'messages of a thread': '/v1/threads/{thread}/messages',
  'runs of a thread': '/v1/threads/{thread}/runs',
  'a run': '/v1/runs/{run}',
  'stream of a run that has ended': '/v1/runs/{run}/events',
  'own credits': '/v1/me/credits',
  'runs of all accounts': '/v1/runs?account_id=all',
  'the same, failed': '/v1/runs?account_id=all&status=failed',
  'the same, of a user': '/v1/runs?account_id=all&user_id={user}',
  'the same, by an ID prefix': '/v1/runs?account_id=all&run_id={prefix}',
  'usage of the platform': '/v1/admin/usage/summary',
  'own usage': '/v1/me/usage',
  'own usage by model': '/v1/me/usage/by-model',
  'audit log of all accounts': '/v1/audit-logs',
  'the same, by action': '/v1/audit-logs?action=thread.create',
  'the same, of an actor': '/v1/audit-logs?actor_user_id={user}',
  'audit log of an account': '/v1/audit-logs?account_id={account}',
  dashboard: '/v1/admin/dashboard',
  'for comparison: own profile': '/v1/me',
};

/** Measures one size on a new database: milliseconds at the median, by path. */
async function measure(threads: number, samples: number): Promise<number[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'arkloop-growth-'));
  const { url, superuserUrl, stop } = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }), settings: { fsync: 'off' } });
  try {
    const api = await startServer('api', { databaseUrl: url, jwtSecret: newSecret() });
    const [person] = await signUp(api.url, 1);
    const database = await superuserOf(superuserUrl, url);
    await database.query('update users set is_platform_admin = true');
    const { rows } = await database.query(
      `select u.id as "userId", a.id as "accountId" from users u join accounts a on a.owner_user_id = u.id
      where u.is_platform_admin and a.type = 'personal' and u.username = $1`,
      [person!.login],
    );
    const [own] = rows as { userId: string; accountId: string }[];
    const others = Array.from({ length: otherUsers }, () => ({ userId: newId(), accountId: newId(), threads: (threads * 4) / otherUsers }));
    await generateGrowth(database, [{ ...own!, threads }, ...others], amounts);
    await settle(database);
    const [newest] = (
      await database.query('select id, thread_id from runs where account_id = $1 order by created_at desc limit 1', [own!.accountId])
    ).rows as { id: string; thread_id: string }[];
    await database.end();
    const found: number[] = [];
    for (const path of Object.values(paths)) {
      const filled = path
        .replace('{user}', others[0]!.userId)
        .replace('{account}', own!.accountId)
        .replace('{thread}', newest!.thread_id)
        .replace('{run}', newest!.id)
        .replace('{prefix}', newest!.id.slice(0, 18));
      found.push(await medianOf(`${api.url}${filled}`, person!.token, path === paths.dashboard ? 5 : samples));
    }
    await api.stop();
    return found;
  } finally {
    await stopAll();
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function superuserOf(superuserUrl: string, url: string) {
  const target = new URL(superuserUrl);
  target.pathname = new URL(url).pathname;
  const client = new pg.Client({ connectionString: target.href });
  await client.connect();
  return client;
}

/** One request at a time. The dashboard is cached for two seconds, so its requests wait longer than that. */
async function medianOf(url: string, token: string, samples: number): Promise<number> {
  const times: number[] = [];
  const isCached = url.endsWith('dashboard');
  for (let at = isCached ? 0 : -20; at < samples; at++) {
    if (isCached) await new Promise((done) => setTimeout(done, 2_100));
    const began = performance.now();
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    await response.text();
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    if (at >= 0) times.push(performance.now() - began);
  }
  return median(times);
}

const columns: number[][] = [];
for (const size of sizes) {
  process.stderr.write(`measuring ${size} threads …\n`);
  columns.push(await measure(size, Number(values.samples)));
}
process.stdout.write(`| Measured | ${sizes.join(' | ')} |\n| --- | ${sizes.map(() => '---').join(' | ')} |\n`);
for (const [at, name] of Object.keys(paths).entries())
  process.stdout.write(`| ${name} | ${columns.map((column) => `${column[at]!.toFixed(1)} ms`).join(' | ')} |\n`);
