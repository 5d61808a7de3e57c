import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { isAlive } from '../../../server/database/embedded/alive.ts';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });
const log = pino({ level: 'silent' });
let dataDir: string;
let running: EmbeddedPostgres[];
let children: ChildProcess[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'arkloop-embedded-'));
  running = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(running.map((each) => each.stop()));
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
});

async function start() {
  const embedded = await startEmbeddedPostgres({ dataDir, log });
  running.push(embedded);
  return embedded;
}

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Starts the data folder in a separate process. Returns its first line of output: a URL or an error. */
async function startElsewhere() {
  const script = fileURLToPath(new URL('./embeddedProcess.ts', import.meta.url));
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, line: chunk.toString().trim() };
}

const serverPid = () => Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);

async function eventually<T>(attempt: () => Promise<T>, patience = 8_000): Promise<T> {
  for (const until = Date.now() + patience; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    }
  }
}

test('the first start creates a UTF-8 database on loopback, a later one finds its data, and a stop leaves no process', async () => {
  const first = await start();
  const [row] = await query(
    first.url,
    "select current_user as user, current_database() as database, lower('ÄÖ') as lower, current_setting('server_encoding') as encoding, current_setting('listen_addresses') as listens, current_setting('fsync') as fsync, inet_client_addr() as client",
  );
  expect(row).toEqual({
    user: 'arkloop_app',
    database: 'arkloop',
    lower: 'äö',
    encoding: 'UTF8',
    listens: '127.0.0.1',
    fsync: 'on',
    client: null,
  });
  for (const name of ['postgres-password', 'postgres-app-password']) expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
  await query(first.url, 'create table kept as select 42 as answer');
  const pid = serverPid();
  await first.stop();
  expect(isAlive(pid)).toBe(false);

  const again = await start();
  expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a wrong password is rejected', async () => {
  const { url } = await start();
  await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test('a second instance is rejected while the first runs, and the first is unaffected', async () => {
  const { url } = await start();
  const { line } = await startElsewhere();
  expect(line).toBe(`refused: ARKLOOP_DATA_DIR: another instance is using ${dataDir}`);
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('of two concurrent first starts one succeeds and the other is rejected', async () => {
  const lines = (await Promise.all([startElsewhere(), startElsewhere()])).map(({ line }) => line).sort();
  expect(lines[0]).toMatch(/^postgres:/);
  expect(lines[1]).toMatch(/another instance/);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('postgres.new'))).toEqual([]);
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit')));
});

test('the PostgreSQL of a killed process is adopted with all committed data, and can be stopped', async () => {
  const { child, line } = await startElsewhere();
  await query(line, 'create table kept as select 1 as answer');
  const pid = serverPid();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(pid)).toBe(true);

  const adopted = await start();
  expect(serverPid()).toBe(pid);
  expect(await query(adopted.url, 'select answer from kept')).toEqual([{ answer: 1 }]);
  await adopted.stop();
  expect(isAlive(pid)).toBe(false);
});

test('committed data survives when the process and PostgreSQL are killed', async () => {
  const { child, line } = await startElsewhere();
  await query(line, 'create table kept as select 1 as answer');
  process.kill(serverPid(), 'SIGKILL');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await query((await start()).url, 'select answer from kept')).toEqual([{ answer: 1 }]);
});

test('a PostgreSQL that is killed while in use is restarted at the same address', async () => {
  const { url } = await start();
  const pid = serverPid();
  process.kill(pid, 'SIGKILL');
  expect(await eventually(() => query(url, 'select 1 as one'))).toEqual([{ one: 1 }]);
  expect(serverPid()).not.toBe(pid);
});

test('a lost lock is acquired again, so that a second instance is still rejected', async () => {
  const { url, superuserUrl } = await start();
  await query(superuserUrl, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'arkloop instance lock'");
  await eventually(async () => {
    const [row] = await query<{ count: number }>(url, "select count(*)::int from pg_locks where locktype = 'advisory' and granted");
    expect(row?.count).toBe(1);
  });
  expect((await startElsewhere()).line).toMatch(/another instance/);
});

test.each([
  ['a dead process', () => 2 ** 22 + 7],
  ['an unrelated process', () => process.pid],
])('a lock file left by %s does not prevent a start', async (_, pid) => {
  const first = await start();
  await first.stop();
  const file = join(dataDir, 'postgres', 'postmaster.pid');
  writeFileSync(file, `${pid()}\n${dataDir}/postgres\n1700000000\n1\n\n127.0.0.1\n        0         0\nready   \n`);
  expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('an interrupted first start is repeated', async () => {
  const draft = join(dataDir, `postgres.new-${2 ** 22 + 7}`);
  mkdirSync(draft);
  writeFileSync(join(draft, 'PG_VERSION'), '18\n');
  await start();
  expect(readdirSync(dataDir)).not.toContain(`postgres.new-${2 ** 22 + 7}`);
});

test('a password file that does not match is reported in one line, and PostgreSQL is stopped', async () => {
  await (await start()).stop();
  writeFileSync(join(dataDir, 'postgres-password'), 'another\n');
  await expect(start()).rejects.toThrow(`ARKLOOP_DATA_DIR: postgres-password does not fit the database in ${join(dataDir, 'postgres')}`);
  expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('postmaster.pid');
});

test('a folder of another version, of another kind, or without its password is reported in one line', async () => {
  const folder = join(dataDir, 'postgres');
  mkdirSync(folder);
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  await expect(start()).rejects.toThrow(`ARKLOOP_DATA_DIR: ${folder} is not a PostgreSQL data folder`);
  writeFileSync(join(folder, 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow(`ARKLOOP_DATA_DIR: ${folder} was made by PostgreSQL 17, and this version needs 18`);
  writeFileSync(join(folder, 'PG_VERSION'), '18\n');
  await expect(start()).rejects.toThrow(`ARKLOOP_DATA_DIR: ${join(dataDir, 'postgres-password')} is missing`);
});
