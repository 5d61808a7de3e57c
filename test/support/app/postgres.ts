import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { createPartitions } from '../../../server/jobs/partitions/maintainPartitions.ts';
import { memoryFolder } from '../cluster/memoryFolder.ts';
import { overTcp } from '../cluster/overTcp.ts';
import { makeDatabase } from '../world/databases.ts';
import { describeWorld, home, newSeed, seedOfCommit, type World, worldOf } from '../world/world.ts';
import { clockOff } from './clock.ts';
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
const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/compiled', import.meta.url));

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

/** Chooses the world of this run, also for the processes that are started from now on. `TEST_WORLD` is a seed, `home` or `random`. The seed is printed at the start and at the end. */
function enterWorld(): World {
  const seed = process.env.TEST_WORLD ?? seedOfCommit(import.meta.dirname);
  const world = worldOf(seed === 'random' ? newSeed() : seed);
  process.env.TEST_WORLD = world.seed;
  if (world.seed !== home) Object.assign(process.env, { TZ: world.processZone, LC_ALL: world.locale });
  if (world.clockOffset !== 0) Object.assign(process.env, clockOff(world.clockOffset));
  tell(world);
  return world;
}

const tell = (world: World) => world.seed !== home && process.stdout.write(`${describeWorld(world)}\n`);

/** A host name may lead to both addresses. */
const listening = ({ databaseHost }: World) => (databaseHost === '[::1]' ? { listen_addresses: '127.0.0.1,::1' } : {});

/** The role of the embedded server has no rights in other databases, so neither has this one. At home it is that role. */
async function makeRole(admin: pg.Client, { role, schema }: World, password: string) {
  const name = pg.escapeIdentifier(role);
  const { rowCount: exists } = await admin.query('select from pg_roles where rolname = $1', [role]);
  if (!exists) await admin.query(`create role ${name} login password ${pg.escapeLiteral(password)}`);
  if (schema !== 'public') await admin.query(`alter role ${name} set search_path = ${pg.escapeIdentifier(schema)}, public`);
}

/** Starts one PostgreSQL server for the whole run and creates the template database. What it has made is also removed if it fails. */
export default async function setup(project: TestProject) {
  await using made = new AsyncDisposableStack();
  const temporary = async (parent: string, name: string) => {
    const folder = await mkdtemp(join(parent, name));
    made.defer(() => rm(folder, { recursive: true, force: true }));
    return folder;
  };
  const world = enterWorld();
  process.env.NODE_COMPILE_CACHE ??= compileCache;
  const runFolder = await temporary(tmpdir(), 'arkloop-run-');
  limitPrograms(await temporary(tmpdir(), 'arkloop-programs-'));
  const dataDir = await temporary(await dataParent(), `${process.env.TEST_RUN ?? 'arkloop-test'}-`);
  const socketFolder = join(dataDir, 'postgres');
  const embedded = await startEmbeddedPostgres({
    dataDir,
    log: pino({ level: 'silent' }),
    settings: { ...settings, unix_socket_directories: socketFolder, timezone: world.databaseZone, ...listening(world) },
  });
  made.defer(embedded.stop);
  const inPostgres = (each: string) => Object.assign(new URL(each), { pathname: '/postgres' }).href;
  const superuserUrl = inPostgres(embedded.superuserUrl);
  const url = Object.assign(new URL(inPostgres(embedded.url)), { username: encodeURIComponent(world.role) }).href;
  const admin = new pg.Client({ connectionString: superuserUrl });
  made.defer(() => admin.end());
  await admin.connect();
  // As on a server of other people, where no database has this name.
  await admin.query('drop database arkloop');
  await trustLocalConnections(socketFolder, admin);
  await makeRole(admin, world, decodeURIComponent(new URL(url).password));
  await makeDatabase(admin, { name: templateDatabase, template: 'template0', superuserUrl });
  const templateUrl = Object.assign(new URL(url), { pathname: `/${templateDatabase}` });
  await migrate(templateUrl.href);
  await makePartitions(templateUrl.href);
  await admin.end();
  const provided = (each: string) => Object.assign(overTcp(each), world.databaseHost !== 'socket' && { hostname: world.databaseHost }).href;
  project.provide('postgresUrl', provided(url));
  project.provide('postgresSuperuserUrl', provided(superuserUrl));
  project.provide('postgresSocketFolder', socketFolder);
  project.provide('runFolder', runFolder);
  project.onTestsRerun(async () => {
    for (const name of await readdir(runFolder)) await rm(join(runFolder, name), { recursive: true, force: true });
  });
  const kept = made.move();
  return async () => {
    await kept.disposeAsync();
    tell(world);
  };
}
