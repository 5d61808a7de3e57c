import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, inject } from 'vitest';
import { type Call, callTo } from '../../client/conformance/call.ts';
import { startApi } from '../../server/api.ts';
import { openDatabase } from '../../server/db/database.ts';
import { type Config, readConfig } from '../../server/kernel/config.ts';
import { createPasswords, type HashCost } from '../../server/kernel/passwords.ts';
import type { Database } from '../../server/kernel/sql.ts';
import { startWorker } from '../../server/worker.ts';
import { template } from './postgres.ts';

export { type Answer, type Call, type CallOptions, callTo } from '../../client/conformance/call.ts';

/** Somebody who registered. */
export type Person = { id: string; login: string; email: string; password: string; token: string; cookie: string; accountId: string };

export type World = {
  url: string;
  databaseUrl: string;
  config: Config;
  env: NodeJS.ProcessEnv;
  database: Database;
  /** The raw SQL of a test, beside the product's own. */
  sql: (text: string, values?: unknown[]) => Promise<any[]>;
  call: Call;
  signUp(overrides?: { login?: string; email?: string; password?: string; invite_code?: string }): Promise<Person>;
  /** Makes a user admin of the platform. */
  promote(person: Person): Promise<void>;
  /** Lets a user into the account of another. */
  join(person: Person, account: Person, role?: string): Promise<void>;
  stopWorker(): Promise<void>;
};

export const testKeys = { jwtSecret: Buffer.from('test secret '.repeat(4)), encryptionKey: Buffer.alloc(32, 7) };

/** A hash costs 0.2 ms of a core instead of 45 (two cores, Node.js 24): people of tests register a thousand times in a run. */
const cheapHash: HashCost = { memorySize: 8, iterations: 1 };

/** A clone of the template: a database of its own in 20 ms. */
export async function freshDatabase(): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = new URL(inject('postgresUrl'));
  const admin = new pg.Client({ connectionString: inject('postgresSuperuserUrl') });
  await admin.connect();
  await admin.query(`create database ${name} owner ${url.username} template ${template} strategy file_copy`);
  await admin.end();
  url.pathname = `/${name}`;
  return url.href;
}

/** A whole installation on its own database: API and worker on a free port, stopped after the file's last test. Passwords are hashed cheaply unless `costlyHashes` asks for production's cost. */
export async function startWorld(env: Record<string, string> = {}, { worker = true, costlyHashes = false } = {}): Promise<World> {
  const databaseUrl = await freshDatabase();
  const storageRoot = join(tmpdir(), `arkloop-storage-${randomBytes(6).toString('hex')}`);
  const config = readConfig({
    ARKLOOP_API_ADDR: '127.0.0.1:0',
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0',
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
    ARKLOOP_WORKER_POLL_SECONDS: '0.1',
    ARKLOOP_MCP_DISCOVERY_TIMEOUT_MS: '30000',
    ARKLOOP_STORAGE_ROOT: storageRoot,
    ARKLOOP_DATA_DIR: join(storageRoot, 'data'),
    ...env,
  });
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const database = openDatabase(databaseUrl, { max: 8, log, applicationName: 'arkloop test' });
  const deps = {
    config,
    keys: testKeys,
    database,
    databaseUrl,
    log,
    env,
    passwords: createPasswords(costlyHashes ? undefined : cheapHash),
  };
  const api = await startApi(deps);
  let working = worker ? await startWorker(deps) : undefined;
  const stopWorker = async () => {
    await working?.shutDown();
    working = undefined;
  };
  afterAll(async () => {
    await stopWorker();
    await api.shutDown();
    await database.close();
    await rm(storageRoot, { recursive: true, force: true });
  });
  const sql = async (text: string, values: unknown[] = []) => (await database.pool.query(text, values)).rows;
  const call = callTo(api.address);
  return { url: api.address, databaseUrl, config, env, database, sql, call, stopWorker, ...people(call, sql) };
}

function people(call: Call, sql: World['sql']): Pick<World, 'signUp' | 'promote' | 'join'> {
  return {
    async signUp(overrides = {}) {
      const login = overrides.login ?? `user-${randomBytes(6).toString('hex')}`;
      const person = { login, email: `${login}@example.test`, password: 'Passw0rd-1', ...overrides };
      const { status, body, text, headers } = await call('POST', '/v1/auth/register', { body: person });
      if (status !== 201) throw new Error(`registration: ${status} ${text}`);
      const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
      const [account] = await sql(`select id from accounts where owner_user_id = $1 and type = 'personal'`, [body.user_id]);
      return { ...person, id: body.user_id, token: body.access_token, cookie, accountId: account.id };
    },
    async promote({ id }) {
      await sql('update users set is_platform_admin = true where id = $1', [id]);
      await sql(`select pg_notify('arkloop_access', $1)`, [id]);
      await new Promise((done) => setTimeout(done, 50));
    },
    async join({ id }, { accountId }, role = 'member') {
      await sql('insert into memberships (account_id, user_id, role) values ($1, $2, $3)', [accountId, id, role]);
    },
  };
}
