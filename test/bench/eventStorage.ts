import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { openDatabase } from '../../server/database/database.ts';
import { startEmbeddedPostgres } from '../../server/database/embedded.ts';
import { migrate } from '../../server/database/migrate.ts';
import type { Database } from '../../server/database/sql.ts';
import { createPartitions, removeOldEvents } from '../../server/jobs/partitions/maintainPartitions.ts';
import { newId } from '../../server/platform/crypto/ids.ts';
import { archiveRuns } from '../../server/runs/archive/archiveRuns.ts';
import { fileStorage } from '../../server/storage/filesystem.ts';

/**
 * Measures what a million deltas store, as rows and as archived objects. Deltas are words of a vocabulary that is distributed as in natural language,
 * with the fields that a run stores.
 */
const { values } = parseArgs({
  options: { deltas: { type: 'string', default: '200000' }, runs: { type: 'string', default: '100,500,2000' } },
});
const total = Number(values.deltas);
const log = pino({ level: 'silent' });

const letters = 'etaoinshrdlucmfwypvbgkjqxz';
const letter = () => letters[Math.floor(letters.length * Math.random() ** 2)]!;
const vocabulary = Array.from({ length: 30_000 }, () => Array.from({ length: 2 + Math.floor(Math.random() * 8) }, letter).join(''));
const word = () => vocabulary[Math.floor(vocabulary.length ** Math.random()) - 1]!;

async function insertRun(database: Database, owner: { accountId: string; threadId: string }, deltas: number) {
  const id = newId();
  const trace = id.replaceAll('-', '');
  const started = Date.now();
  const dataOf = (type: string) => {
    if (type !== 'message.delta') return JSON.stringify({ trace_id: trace });
    const content = ` ${word()}`;
    return JSON.stringify({ content, content_delta: content, role: 'assistant', trace_id: trace });
  };
  const types = ['run.started', ...Array.from({ length: deltas }, () => 'message.delta'), 'run.completed'];
  await database.pool.query(
    `insert into runs (account_id, id, thread_id, source, status, trace_id, tail_message_number, next_seq, completed_at)
     values ($1, $2, $3, 'api', 'completed', $4, 0, $5, now())`,
    [owner.accountId, id, owner.threadId, trace, types.length + 1],
  );
  await database.pool.query(
    `insert into run_events (run_id, seq, event_id, type, data, created_at)
     select $1, n, event_id, type, data::json, to_timestamp(at / 1000.0) from unnest($2::uuid[], $3::text[], $4::text[], $5::float8[])
       with ordinality e (event_id, type, data, at, n)`,
    [id, types.map(newId), types, types.map(dataOf), types.map((_, at) => started + at * 15 + Math.random() * 10)],
  );
}

/** Bytes of the files under a folder, and of the blocks that they occupy. */
async function sizeOf(folder: string): Promise<{ bytes: number; blocks: number; files: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const stats = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name))));
  const sum = (of: (each: { size: number; blocks: number }) => number) => stats.reduce((all, each) => all + of(each), 0);
  return { bytes: sum(({ size }) => size), blocks: sum(({ blocks }) => blocks * 512), files: stats.length };
}

async function measure(deltasPerRun: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-event-storage-'));
  const { url, stop } = await startEmbeddedPostgres({ dataDir: folder, log, settings: { fsync: 'off' } });
  const database = openDatabase(url, { max: 4, log, applicationName: 'event storage' });
  try {
    await migrate(url);
    await createPartitions({ database, log });
    const [userId, accountId, threadId] = [newId(), newId(), newId()];
    await database.pool.query(`insert into users (id, username) values ($1, 'u')`, [userId]);
    await database.pool.query(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, 'a', 'A', 'personal', $2)`, [
      accountId,
      userId,
    ]);
    await database.pool.query('insert into threads (account_id, id, created_by_user_id) values ($1, $2, $3)', [
      accountId,
      threadId,
      userId,
    ]);
    for (let n = 0; n < total; n += deltasPerRun) await insertRun(database, { accountId, threadId }, deltasPerRun);
    const stored = async (pattern: string) => {
      await database.pool.query('vacuum analyze');
      const { rows } = await database.pool.query<{ bytes: number }>(
        `select sum(pg_total_relation_size(oid)) as bytes from pg_class where relkind = 'r' and relname like $1`,
        [pattern],
      );
      return Number(rows[0]!.bytes);
    };
    const before = await stored('run_events\\_%');
    const later = new Date(Date.now() + 40 * 86_400_000);
    const started = performance.now();
    const runs = await archiveRuns({ database, storage: fileStorage(join(folder, 'store')), log }, { days: 1 }, later);
    const seconds = (performance.now() - started) / 1_000;
    await removeOldEvents({ database, months: 3, dropEmpty: true, log }, later);
    const [events, rows] = [await stored('run_events\\_%'), await stored('run_event_archives')];
    const files = await sizeOf(join(folder, 'store'));
    const perMillion = (bytes: number) => `${((bytes / total) * (1_000_000 / 1024 ** 2)).toFixed(1)} MiB`;
    return [
      String(deltasPerRun),
      perMillion(before),
      perMillion(events),
      perMillion(rows),
      perMillion(files.bytes),
      perMillion(files.blocks),
      `${((seconds / runs) * 1_000).toFixed(1)} ms`,
    ];
  } finally {
    await database.close();
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const head = ['deltas per run', 'rows before', 'rows after', 'rows of the archive', 'objects', 'as files', 'time per run'];
const lines = [head, head.map(() => '---')];
for (const size of values.runs.split(',').map(Number)) lines.push(await measure(size));
process.stdout.write(`${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}\n`);
