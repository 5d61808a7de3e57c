import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hash, verify } from '@node-rs/argon2';
import pg from 'pg';
import { inject } from 'vitest';
import type { Call } from '../../../client/conformance/call.ts';
import { followDatabaseClock } from '../../../server/database/connection/clock.ts';
import { openDatabase } from '../../../server/database/database.ts';
import type { Database } from '../../../server/database/sql.ts';
import { type Config, readConfig } from '../../../server/platform/config/config.ts';
import { keyringOf } from '../../../server/platform/crypto/keyring.ts';
import type { Keys } from '../../../server/platform/crypto/keys.ts';
import { type Argon2, createPasswordHasher, type HashCost } from '../../../server/platform/crypto/passwords.ts';
import { type apiLimits, startApi } from '../../../server/processes/api.ts';
import { startWorker } from '../../../server/processes/worker.ts';
import { createLocalRuns, type LocalRuns } from '../../../server/pubsub/localRuns.ts';
import { overSocket } from '../cluster/socketUrl.ts';
import { createTestLog } from '../failures/serverErrors.ts';
import { callTo } from '../http/call.ts';
import { makeDatabase } from '../world/databases.ts';
import { isClockShifted } from '../world/sameClock.ts';
import { world } from '../world/world.ts';
import { closedWithFile, onFileFinished } from './fileCleanup.ts';
import { templateDatabase } from './postgres.ts';

export type { Call, CallOptions, HttpResponse as Answer } from '../../../client/conformance/call.ts';
export { callTo } from '../http/call.ts';

/** A registered user. */
export type Person = { id: string; login: string; email: string; password: string; token: string; cookie: string; accountId: string };

export type TestApp = {
  url: string;
  databaseUrl: string;
  config: Config;
  env: NodeJS.ProcessEnv;
  database: Database;
  /** Runs raw SQL and returns the rows. */
  sql: (text: string, values?: unknown[]) => Promise<any[]>;
  call: Call;
  signUp(overrides?: { login?: string; email?: string; password?: string; invite_code?: string }): Promise<Person>;
  signUpAdmin(): Promise<Person>;
  /** Makes a user a platform admin. */
  promote(person: Person): Promise<void>;
  /** Adds a user to the account of another, by default with the role `member`. */
  joinAccount(person: Person, account: Person, role?: string): Promise<void>;
  stopWorker(): Promise<void>;
  /** What joins the API and the worker. Undefined without a worker. */
  localRuns: LocalRuns | undefined;
};

export const testSecrets = { jwtSecret: Buffer.from('test secret '.repeat(4)), encryptionKey: Buffer.alloc(32, 7) };
export const testKeys: Keys = { jwtSecrets: keyringOf([testSecrets.jwtSecret]), encryptionKeys: keyringOf([testSecrets.encryptionKey]) };

/** A hash takes 0.2 ms instead of 45 ms (two cores, Node.js 24). Tests register about a thousand users per run. */
const cheapHash: HashCost = { memorySize: 8, iterations: 1 };
/** Without threads, whose start takes 50 ms. */
const argon2: Argon2 = { hash, verify };

/** Clones the migrated template database, which takes 20 ms. */
export const freshDatabase = async (): Promise<string> => closedWithFile(await createDatabase(templateDatabase));

/** A database without tables. */
export const emptyDatabase = async (): Promise<string> => closedWithFile(await createDatabase('template0'));

async function createDatabase(from: string): Promise<string> {
  const name = `${world().database}_${randomBytes(6).toString('hex')}`;
  const superuserUrl = overSocket(inject('postgresSuperuserUrl'));
  const admin = new pg.Client({ connectionString: superuserUrl });
  await admin.connect();
  await makeDatabase(admin, { name, template: from, superuserUrl });
  await admin.end();
  return Object.assign(new URL(inject('postgresUrl')), { pathname: `/${encodeURI(name)}` }).href;
}

/**
 * Starts API and worker on a free port with a new database. Stopped after the last test of the file. Password hashes are cheap unless
 * `costlyHashes` selects the production cost.
 */
export async function startTestApp(env: Record<string, string> = {}, options: AppOptions = {}): Promise<TestApp> {
  const { app, close } = await openApp(options.databaseUrl ?? (await freshDatabase()), env, options);
  onFileFinished(close);
  return app;
}

const sharedApps = new Map<string, Promise<TestApp>>();

/**
 * An API without worker that all files of a Vitest worker use, one for each environment, with one database. For files that neither count all
 * rows of a table nor change settings of the platform: they see the rows of other files.
 */
export function sharedTestApp(env: Record<string, string> = {}): Promise<TestApp> {
  const key = JSON.stringify(env);
  const existing = sharedApps.get(key);
  if (existing) return existing;
  const started = createDatabase(templateDatabase).then(async (url) => (await openApp(url, env, { worker: false })).app);
  sharedApps.set(key, started);
  return started;
}

/** `databaseUrl` is a migrated database that the caller created. `pool`: the size of the pool, and how long a request waits for a connection. */
type AppOptions = {
  worker?: boolean;
  costlyHashes?: boolean;
  databaseUrl?: string;
  limits?: Partial<typeof apiLimits>;
  pool?: { max: number; maxWaitMs?: number };
};

async function openApp(
  databaseUrl: string,
  env: Record<string, string>,
  { worker = true, costlyHashes = false, limits = {}, pool }: AppOptions,
) {
  const storageRoot = join(tmpdir(), `arkloop-storage-${randomBytes(6).toString('hex')}`);
  const config = readConfig({
    ARKLOOP_API_ADDR: `${world().serverHost}:0`,
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0',
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
    ARKLOOP_WORKER_POLL_SECONDS: '0.5',
    // Each slot has a connection and polls. Four runs at a time, as by default: the limit rises to five only if runs wait for seconds.
    ARKLOOP_WORKER_MAX_CONCURRENCY: '5',
    ARKLOOP_MCP_DISCOVERY_TIMEOUT_MS: '30000',
    ARKLOOP_STORAGE_ROOT: storageRoot,
    ARKLOOP_DATA_DIR: join(storageRoot, 'data'),
    ...env,
  });
  const log = createTestLog();
  // The wait for a connection is long, so that bursts of requests succeed on a busy machine too.
  const database = openDatabase(overSocket(databaseUrl), { max: 8, log, applicationName: 'arkloop test', maxWaitMs: 60_000, ...pool });
  // Once: a later file of this worker may set the clock of the process, while this app is shared.
  if (isClockShifted()) {
    const clock = followDatabaseClock(database, log);
    await clock.measured;
    await clock.stop();
  }
  const localRuns = worker ? createLocalRuns() : undefined;
  const deps = {
    config,
    keys: testKeys,
    database,
    databaseUrl: overSocket(databaseUrl),
    log,
    env,
    passwords: createPasswordHasher(costlyHashes ? {} : { cost: cheapHash, argon2 }),
    limits,
    ...(localRuns && { localRuns }),
  };
  const api = await startApi(deps);
  let working = worker ? await startWorker(deps) : undefined;
  const stopWorker = async () => {
    await working?.shutDown();
    working = undefined;
  };
  const close = async () => {
    await stopWorker();
    await api.shutDown();
    await database.close();
    await rm(storageRoot, { recursive: true, force: true });
  };
  const sql = async (text: string, values: unknown[] = []) => (await database.pool.query(text, values)).rows;
  const call = callTo(api.address);
  const app: TestApp = { url: api.address, databaseUrl, config, env, database, sql, call, stopWorker, localRuns, ...people(call, sql) };
  return { app, close };
}

function people(call: Call, sql: TestApp['sql']): Pick<TestApp, 'signUp' | 'signUpAdmin' | 'promote' | 'joinAccount'> {
  const signUp: TestApp['signUp'] = async (overrides = {}) => {
    const login = overrides.login ?? `user-${randomBytes(6).toString('hex')}`;
    const person = { login, email: `${login}@example.test`, password: 'Passw0rd-1', ...overrides };
    const { status, body, text, headers } = await call('POST', '/v1/auth/register', { body: person });
    if (status !== 201) throw new Error(`registration: ${status} ${text}`);
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
    const [account] = await sql(`select id from accounts where owner_user_id = $1 and type = 'personal'`, [body.user_id]);
    return { ...person, id: body.user_id, token: body.access_token, cookie, accountId: account.id };
  };
  const promote: TestApp['promote'] = async ({ id, token }) => {
    await sql('update users set is_platform_admin = true where id = $1', [id]);
    await sql(`select pg_notify('arkloop_access', $1)`, [id]);
    for (const until = Date.now() + 60_000; Date.now() < until; await sleep(10)) {
      const { status, body } = await call('GET', '/v1/me', { token });
      if (status !== 200 || body.role === 'platform_admin') return;
    }
    throw new Error('the API did not apply the new role');
  };
  return {
    signUp,
    promote,
    async signUpAdmin() {
      const person = await signUp();
      await promote(person);
      return person;
    },
    async joinAccount({ id }, { accountId }, role = 'member') {
      await sql('insert into memberships (account_id, user_id, role) values ($1, $2, $3)', [accountId, id, role]);
    },
  };
}
