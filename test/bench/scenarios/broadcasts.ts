import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { addUsers } from '../../support/resources/broadcasts.ts';
import { type Figure, median } from '../figures.ts';
import type { BenchOptions } from '../load.ts';
import { call, signUp } from '../people.ts';
import { peakBytes, type Program, type SharedSettings, startServer } from '../processes.ts';

const crowd = 50_000;
const news = { type: 'news', title: 'Measured', body: 'There is news. '.repeat(100), target: 'all' };

type Sent = { ms: number; rows: number };
type Deps = { api: Program; token: string; database: pg.Client };

/** A broadcast to many users, from its POST to `completed`, compared with one statement that inserts the same rows; and the worker's memory. */
export async function measureBroadcasts(shared: SharedSettings, { rounds }: BenchOptions): Promise<Figure[]> {
  const api = await startServer('api', shared);
  const worker = await startServer('worker', shared);
  const database = new pg.Client({ connectionString: shared.databaseUrl });
  await database.connect();
  try {
    await addUsers(async (text, values = []) => (await database.query(text, values)).rows, crowd);
    const deps = { api, token: await adminToken(api, database), database };
    // The first broadcast is a warm-up.
    await send(deps);
    const before = await settledPeak(worker);
    const ours: Sent[] = [];
    const bare: Sent[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await send(deps));
      bare.push(await insertAtOnce(deps));
    }
    return figuresOf(ours, bare, before, await peakBytes(worker));
  } finally {
    await database.end();
    for (const program of [worker, api]) await program.stop();
  }
}

/**
 * Returns a worker's peak memory once it stops growing. An idle worker accumulates about 25 MiB of garbage in half a minute, until the young
 * generation is full for the first time. That growth must not count as growth caused by the broadcast.
 */
async function settledPeak(worker: Program): Promise<number> {
  let peak = await peakBytes(worker);
  for (let since = Date.now(), end = since + maxRestMs; Date.now() < Math.min(end, since + restMs); await sleep(1_000)) {
    const now = await peakBytes(worker);
    if (now > peak) since = Date.now();
    peak = now;
  }
  return peak;
}
/** Milliseconds without growth that count as settled, and the maximum wait. */
const restMs = 15_000;
const maxRestMs = 120_000;

function figuresOf(ours: readonly Sent[], bare: readonly Sent[], before: number, after: number): Figure[] {
  const speed = (sent: readonly Sent[]) => median(sent.map(({ ms, rows }) => (rows * 1_000) / ms));
  const seconds = median(ours.map(({ ms }) => ms)) / 1_000;
  return [
    {
      name: `broadcast to ${crowd.toLocaleString('en')} users`,
      unit: 'rows/s',
      ours: speed(ours),
      yardstick: speed(bare),
      threshold: { ratio: 0.4, aim: 0.7 },
      note: `${seconds.toFixed(2)} s from the POST to \`completed\`; the yardstick is one statement in one transaction`,
    },
    {
      name: 'the same: growth of the peak memory of the worker',
      unit: 'MiB',
      ours: (after - before) / 2 ** 20,
      threshold: { most: 16 },
      note: `from ${Math.round(before / 2 ** 20)} MiB, over ${ours.length} broadcasts after the first`,
    },
  ];
}

async function adminToken({ url }: Program, database: pg.Client): Promise<string> {
  const [person] = await signUp(url, 1);
  await database.query('update users set is_platform_admin = true where username = $1', [person!.login]);
  return person!.token;
}

async function send({ api, token, database }: Deps): Promise<Sent> {
  const began = performance.now();
  const { id } = await call<{ id: string }>(api.url, 'POST', '/v1/admin/notifications/broadcasts', token, news);
  for (;;) {
    const { rows } = await database.query('select status, sent_count from broadcasts where id = $1', [id]);
    const [{ status, sent_count: sent }] = rows;
    if (status === 'completed' && sent >= crowd) return { ms: performance.now() - began, rows: sent };
    if (status !== 'pending' && status !== 'sending') throw new Error(`a broadcast to ${sent} users is ${status}`);
    await sleep(5);
  }
}

/** Inserts the rows of a broadcast with one statement. */
async function insertAtOnce({ database }: Deps): Promise<Sent> {
  const { rows } = await database.query(
    `insert into broadcasts (id, type, title, body, target_type, status, created_by)
     select new_id(), 'news', 'Bare', 'Bare', 'all', 'completed', created_by from broadcasts limit 1 returning id`,
  );
  const began = performance.now();
  const { rowCount } = await database.query(
    `insert into notifications (account_id, user_id, type, broadcast_id)
     select a.id, u.id, 'news', $1 from users u join accounts a on a.owner_user_id = u.id and a.type = 'personal' where u.status = 'active'`,
    [rows[0].id],
  );
  return { ms: performance.now() - began, rows: rowCount ?? 0 };
}
