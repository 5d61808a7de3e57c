import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { createPartitions } from '../../../server/jobs/partitions/maintainPartitions.ts';
import { memoryFolder } from '../cluster/memoryFolder.ts';
import { overTcp } from '../cluster/overTcp.ts';
import { limitPrograms } from './programs.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    postgresSuperuserUrl: string;
    /** The folder of the server's Unix socket. */
    postgresSocketFolder: string;
    /** A folder for what the files of a run share. Empty at the start of each run. */
    runFolder: string;
  }
}

/** The migrated database that every test file clones. */
export const templateDatabase = 'arkloop_template';

/**
 * No durability: the data is deleted after the tests. Autovacuum stays on, because plans of large tables need its statistics. Several files at a
 * time start processes, each with its pools. A connection derives the key of its password, which takes a fifth of the client's processor time with the default
 * of 4,096 iterations.
 */
const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '400', scram_iterations: '1' };

/** Compile cache for the workers and for processes that tests start. It halves the time of their imports. */
const compileCache = new URL('../../../node_modules/.cache/compiled', import.meta.url).pathname;

/** Makes the partitions that every worker would otherwise make at its start. */
async function makePartitions(url: string) {
  const log = pino({ level: 'silent' });
  const database = openDatabase(url, { max: 1, log, applicationName: 'template' });
  await createPartitions({ database, log, tables: ['run_events', 'audit_logs'] });
  await database.close();
}

/**
 * The folder for the data: memory where there are 4 GB of it, otherwise that of temporary files. A new database consists of 700 files: creating it takes
 * 17 ms of a core in memory, and 20 to 200 ms on a disk.
 */
async function dataParent(): Promise<string> {
  const free = await statfs(memoryFolder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return process.platform === 'linux' && free >= 4 * 2 ** 30 ? memoryFolder : tmpdir();
}

/** Connections over the Unix socket need no password: its exchange takes processor time on both sides. Those over TCP need it. */
async function trustLocalConnections(folder: string, admin: pg.Client) {
  const file = join(folder, 'pg_hba.conf');
  await writeFile(file, `local all all trust\n${await readFile(file, 'utf8')}`);
  await admin.query('select pg_reload_conf()');
}

/** Starts one PostgreSQL server for the whole run and creates the template database. What it has made is also removed if it fails. */
export default async function setup(project: TestProject) {
  await using made = new AsyncDisposableStack();
  const temporary = async (parent: string, name: string) => {
    const folder = await mkdtemp(join(parent, name));
    made.defer(() => rm(folder, { recursive: true, force: true }));
    return folder;
  };
  process.env.NODE_COMPILE_CACHE ??= compileCache;
  const runFolder = await temporary(tmpdir(), 'arkloop-run-');
  limitPrograms(await temporary(tmpdir(), 'arkloop-programs-'));
  const dataDir = await temporary(await dataParent(), `${process.env.TEST_RUN ?? 'arkloop-test'}-`);
  const socketFolder = join(dataDir, 'postgres');
  const embedded = await startEmbeddedPostgres({
    dataDir,
    log: pino({ level: 'silent' }),
    settings: { ...settings, unix_socket_directories: socketFolder },
  });
  made.defer(embedded.stop);
  const inPostgres = (each: string) => Object.assign(new URL(each), { pathname: '/postgres' }).href;
  const [url, superuserUrl] = [inPostgres(embedded.url), inPostgres(embedded.superuserUrl)];
  const admin = new pg.Client({ connectionString: superuserUrl });
  made.defer(() => admin.end());
  await admin.connect();
  // As on a server of other people, where no database has this name.
  await admin.query('drop database arkloop');
  await trustLocalConnections(socketFolder, admin);
  await admin.query(`create database ${templateDatabase} owner ${new URL(url).username}`);
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${templateDatabase}`;
  await migrate(templateUrl.href);
  await makePartitions(templateUrl.href);
  await admin.end();
  project.provide('postgresUrl', overTcp(url).href);
  project.provide('postgresSuperuserUrl', overTcp(superuserUrl).href);
  project.provide('postgresSocketFolder', socketFolder);
  project.provide('runFolder', runFolder);
  project.onTestsRerun(async () => {
    for (const name of await readdir(runFolder)) await rm(join(runFolder, name), { recursive: true, force: true });
  });
  const kept = made.move();
  return () => kept.disposeAsync();
}
