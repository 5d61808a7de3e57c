import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, expect, inject, test } from 'vitest';
import { credentials, startS3 } from '../../storage/s3Server.ts';
import { certificate, otherCertificate } from '../../support/app/certificate.ts';
import { testKeysEnv } from '../../support/app/process.ts';
import { emptyDatabase, freshDatabase } from '../../support/app/testApp.ts';
import { databaseOf } from '../../support/world/databases.ts';

const entry = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'arkloop-wrong-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that a start prints to standard error, and its exit code. */
async function start(role: string, env: NodeJS.ProcessEnv) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ARKLOOP_|PORT$|DATABASE_URL$)/.test(name)));
  const defaults = { ARKLOOP_API_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0', ARKLOOP_DATA_DIR: join(folder, 'data') };
  const child = spawn(process.execPath, [entry, ...role.split(' ')], {
    env: { ...clean, ...defaults, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  clearTimeout(late);
  return { stderr, code };
}

/** The environment, and what the line says: it begins with the variable, or else names what is wrong. */
type Case = { name: string; role: string; env: () => Promise<NodeJS.ProcessEnv> | NodeJS.ProcessEnv; line: RegExp };

/** Runs statements as the superuser. */
async function administer(statements: string[], pathname = '/postgres') {
  const client = new pg.Client({ connectionString: Object.assign(new URL(inject('postgresSuperuserUrl')), { pathname }).href });
  await client.connect();
  for (const sql of statements) await client.query(sql);
  await client.end();
}

const at = (url: string, changes: Partial<Record<'username' | 'password' | 'pathname' | 'host' | 'protocol', string>>, search = '') => {
  const changed = Object.assign(new URL(url), changes);
  for (const [name, value] of new URLSearchParams(search)) changed.searchParams.set(name, value);
  return { ARKLOOP_DATABASE_URL: changed.href };
};

/** A database of a new role without rights, as administrators of other people's servers give out. `prepare` runs as the superuser inside of it. */
async function ownDatabase(prepare: (role: string, database: string) => string[], changes: { owner?: boolean; login?: string } = {}) {
  const url = new URL(await emptyDatabase());
  const database = pg.escapeIdentifier(databaseOf(url.href));
  const role = `role_${randomBytes(6).toString('hex')}`;
  await administer([
    `create role ${role} ${changes.login ?? 'login'} password 'sesame'`,
    ...((changes.owner ?? true) ? [`alter database ${database} owner to ${role}`] : []),
    // In each world its tables are in `public`, the only schema that a role without rights may look into.
    `alter database ${database} reset search_path`,
  ]);
  await administer(prepare(role, database), url.pathname);
  return at(url.href, { username: role, password: 'sesame' });
}

async function listen(onConnection: (server: Server) => void = () => undefined) {
  const server = createServer().on('connection', (socket) => socket.on('error', () => undefined));
  onConnection(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function file(name: string, content: string) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const url = () => inject('postgresUrl');
const database = /^ARKLOOP_DATABASE_URL: /;
const cannotUse = /^ARKLOOP_DATABASE_URL: cannot use /;
const mayNotMigrate = /^ARKLOOP_DATABASE_URL: the role may not bring the schema to this version: /;
const cannotMigrate = /^ARKLOOP_DATABASE_URL: the schema cannot be brought to this version: /;

const connections: Case[] = [
  {
    name: 'a port where nothing listens',
    role: 'migrate',
    env: () => at(url(), { host: '127.0.0.1:1' }),
    line: /the connection is refused$/,
  },
  { name: 'a host that does not exist', role: 'migrate', env: () => at(url(), { host: 'db.invalid' }), line: /the host is not known$/ },
  { name: 'a host that does not exist, for an API', role: 'api', env: () => at(url(), { host: 'db.invalid' }), line: cannotUse },
  { name: 'a wrong password', role: 'migrate', env: () => at(url(), { password: 'hunter2' }), line: /user or password is wrong$/ },
  { name: 'a wrong user', role: 'worker', env: () => at(url(), { username: 'nobody_here' }), line: /user or password is wrong$/ },
  { name: 'no password', role: 'migrate', env: () => at(url(), { password: '' }), line: cannotUse },
  {
    name: 'a database that does not exist',
    role: 'migrate',
    env: () => at(url(), { pathname: '/Nowhere at all' }),
    line: /does not exist$/,
  },
  { name: 'no database', role: 'migrate', env: () => at(url(), { pathname: '' }), line: /does not exist$/ },
  {
    name: 'another scheme',
    role: 'migrate',
    env: () => ({ ARKLOOP_DATABASE_URL: 'mysql://user:hunter2@host/db' }),
    line: /expected a PostgreSQL URL/,
  },
  { name: 'no URL', role: 'migrate', env: () => ({ ARKLOOP_DATABASE_URL: 'db.internal' }), line: /expected a PostgreSQL URL/ },
  {
    name: 'a port that is none',
    role: 'migrate',
    env: () => ({ ARKLOOP_DATABASE_URL: 'postgres://host:99999/db' }),
    line: /expected a PostgreSQL URL/,
  },
  { name: 'a socket that does not exist', role: 'migrate', env: () => at(url(), {}, 'host=/nowhere'), line: /there is no socket$/ },
  { name: 'TLS to a server without it', role: 'migrate', env: () => at(url(), {}, 'sslmode=verify-full'), line: cannotUse },
  { name: 'TLS that is only required', role: 'migrate', env: () => at(url(), {}, 'sslmode=require'), line: cannotUse },
  {
    name: 'a root certificate that is missing',
    role: 'migrate',
    env: () => at(url(), {}, 'sslmode=verify-full&sslrootcert=/nowhere/ca.pem'),
    line: /\/nowhere\/ca\.pem/,
  },
  {
    name: 'a web server',
    role: 'migrate',
    env: async () =>
      at(url(), {
        host: `127.0.0.1:${await listen((server) => server.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))}`,
      }),
    line: cannotUse,
  },
  {
    name: 'a server that closes each connection',
    role: 'migrate',
    env: async () => at(url(), { host: `127.0.0.1:${await listen((server) => server.on('connection', (socket) => socket.destroy()))}` }),
    line: cannotUse,
  },
  {
    name: 'a server that does not answer',
    role: 'migrate',
    env: async () => at(url(), { host: `127.0.0.1:${await listen()}` }),
    line: /no answer$/,
  },
  { name: 'a role without login', role: 'migrate', env: () => ownDatabase(() => [], { login: 'nologin' }), line: cannotUse },
  {
    name: 'a role with no connection left',
    role: 'migrate',
    env: () => ownDatabase((role) => [`alter role ${role} connection limit 0`]),
    line: cannotUse,
  },
  {
    name: 'a role with too few connections',
    role: 'worker',
    env: () => ownDatabase((role) => [`alter role ${role} connection limit 3`]),
    line: /^ARKLOOP_DATABASE_URL: .*too many connections for role/,
  },
  {
    name: 'a role whose sessions end while they are idle',
    role: 'migrate',
    env: () => ownDatabase((role) => [`alter role ${role} set idle_session_timeout = '1s'`]),
    line: /^ARKLOOP_DATABASE_URL: .* has idle_session_timeout = 1s, /,
  },
  {
    name: 'a database of another encoding',
    role: 'api',
    env: async () => {
      const name = `latin_${process.pid}`;
      await administer([`create database ${name} encoding 'LATIN1' locale 'C' template template0`]);
      return at(url(), { pathname: `/${name}` });
    },
    line: /^ARKLOOP_DATABASE_URL: the database has the encoding LATIN1, /,
  },
  {
    name: 'a role that may not connect',
    role: 'migrate',
    env: () => ownDatabase((_, name) => [`revoke all on database ${name} from public`], { owner: false }),
    line: cannotUse,
  },
  {
    name: 'a direct URL that leads to another database',
    role: 'migrate',
    env: async () => ({
      ...at(await emptyDatabase(), {}),
      ARKLOOP_DATABASE_DIRECT_URL: at(url(), { pathname: '/postgres' }).ARKLOOP_DATABASE_URL,
    }),
    line: /^ARKLOOP_DATABASE_DIRECT_URL: /,
  },
];

const migrations: Case[] = [
  {
    name: 'a role that may not create schemas',
    role: 'migrate',
    env: () => ownDatabase((_, name) => [`revoke create on database ${name} from public`], { owner: false }),
    line: mayNotMigrate,
  },
  {
    name: 'a role that may not create tables',
    role: 'migrate',
    env: () => ownDatabase((role, name) => [`grant create on database ${name} to ${role}`], { owner: false }),
    line: mayNotMigrate,
  },
  {
    name: 'a search path that leads nowhere',
    role: 'migrate',
    env: () => ownDatabase((role) => [`alter role ${role} set search_path = nowhere`]),
    line: /no schema of the search path/,
  },
  {
    name: 'a database that is read-only',
    role: 'migrate',
    env: () => ownDatabase((_, name) => [`alter database ${name} set default_transaction_read_only = on`]),
    line: cannotMigrate,
  },
  { name: 'a table of something else', role: 'migrate', env: () => ownDatabase(() => ['create table users (id int)']), line: database },
  {
    name: 'a view of something else',
    role: 'migrate',
    env: () => ownDatabase(() => ['create view runs as select 1 as id']),
    line: cannotMigrate,
  },
  {
    name: 'a function of something else',
    role: 'migrate',
    env: () => ownDatabase(() => ['create function repeat_unless(boolean) returns void language sql as $$ $$']),
    line: database,
  },
  {
    name: 'a list of migrations of something else',
    role: 'migrate',
    env: () =>
      ownDatabase((role) => ['create table mikro_orm_migrations (name text)', `alter table mikro_orm_migrations owner to ${role}`]),
    line: database,
  },
  {
    name: 'a list of migrations that the role may not read',
    role: 'migrate',
    env: () => ownDatabase(() => ['create table mikro_orm_migrations (name text)']),
    line: mayNotMigrate,
  },
  {
    name: 'a queue that belongs to another role',
    role: 'worker',
    env: () => ownDatabase(() => ['create schema graphile_worker']),
    line: mayNotMigrate,
  },
  {
    name: 'a queue of something else',
    role: 'migrate',
    env: () =>
      ownDatabase((role) => [
        `create schema graphile_worker authorization ${role}`,
        'create table graphile_worker.migrations (id text)',
        `alter table graphile_worker.migrations owner to ${role}`,
      ]),
    line: database,
  },
  {
    name: 'a newer schema',
    role: 'migrate',
    env: async () => {
      const migrated = await freshDatabase();
      await administer([`insert into mikro_orm_migrations (name) values ('Migration99999')`], new URL(migrated).pathname);
      return at(migrated, {});
    },
    line: /^the schema of the database has version 99999/,
  },
];

const port = async () => `127.0.0.1:${await listen()}`;
const migrated = async () => ({ ...at(await freshDatabase(), {}) });

const s3 = await startS3(join(folder, 'objects'), 'arkloop');
afterAll(() => s3.close());
const store = async (changes: NodeJS.ProcessEnv) => ({
  ...(await migrated()),
  ARKLOOP_STORAGE_BACKEND: 's3',
  ARKLOOP_S3_ENDPOINT: s3.endpoint,
  ARKLOOP_S3_ACCESS_KEY: credentials.accessKey,
  ARKLOOP_S3_SECRET_KEY: credentials.secretKey,
  ...changes,
});

async function lackingKey() {
  const url = await freshDatabase();
  await administer([`insert into encryption_keys (id) values ('0123456789abcdef')`], new URL(url).pathname);
  return { ...at(url, {}), ...testKeysEnv, ARKLOOP_ENCRYPTION_KEYS: 'a1'.repeat(32) };
}

const settings: Case[] = [
  {
    name: 'a data folder that cannot be made',
    role: 'api',
    env: async () => ({ ...(await migrated()), ARKLOOP_DATA_DIR: '/proc/arkloop/data' }),
    line: /^ARKLOOP_DATA_DIR: cannot write to /,
  },
  {
    name: 'a data folder that cannot be made, with database and keys,',
    role: 'api',
    env: async () => ({ ...(await migrated()), ...testKeysEnv, ARKLOOP_DATA_DIR: '/proc/arkloop/data' }),
    line: /^ARKLOOP_DATA_DIR: cannot write to /,
  },
  {
    name: 'a folder of files that is a file',
    role: 'worker',
    env: async () => ({ ...(await migrated()), ...testKeysEnv, ARKLOOP_STORAGE_ROOT: file('no-folder', '') }),
    line: /^ARKLOOP_STORAGE_ROOT: cannot write to .*is not a folder$/,
  },
  {
    name: 'a rotation without the key that is in use',
    role: 'rotate',
    env: () => lackingKey(),
    line: /^ARKLOOP_ENCRYPTION_KEYS: lacks key 0123456789abcdef, /,
  },
  {
    name: 'a new key of proofs without the key that is in use',
    role: 'rotate-erasure-key',
    env: () => lackingKey(),
    line: /^ARKLOOP_ENCRYPTION_KEYS: lacks key 0123456789abcdef, /,
  },
  {
    name: 'a bucket that does not exist',
    role: 'worker',
    env: () => store({ ARKLOOP_S3_BUCKET: 'elsewhere' }),
    line: /^ARKLOOP_S3_BUCKET: /,
  },
  {
    name: 'a wrong key of the object store',
    role: 'api',
    env: () => store({ ARKLOOP_S3_ACCESS_KEY: 'hunter2' }),
    line: /^ARKLOOP_S3_ACCESS_KEY: /,
  },
  {
    name: 'a weak password of the administrator',
    role: 'api',
    env: async () => ({
      ...(await migrated()),
      ARKLOOP_ADMIN_LOGIN: 'root',
      ARKLOOP_ADMIN_EMAIL: 'a@example.com',
      ARKLOOP_ADMIN_PASSWORD: 'hunter2',
    }),
    line: /^ARKLOOP_ADMIN_PASSWORD: /,
  },
  {
    name: 'mail in production without a public address',
    role: 'worker',
    env: async () => ({
      ...(await migrated()),
      ARKLOOP_ENV: 'production',
      ARKLOOP_AUTH_JWT_SECRET: 'q7Rk2vXw9ZbN4mTs8LpY3cHd6FgJ1aEu',
      ARKLOOP_ENCRYPTION_KEY: '9f86d081884c7d659a2feaa0c55ad015'.repeat(2),
      ARKLOOP_EMAIL_FROM: 'a@example.com',
      ARKLOOP_SMTP_HOST: '127.0.0.1',
    }),
    line: /^ARKLOOP_APP_BASE_URL: is required in production/,
  },
  {
    name: 'the port of an API that is taken',
    role: 'api',
    env: async () => ({ ...(await migrated()), ARKLOOP_API_ADDR: await port() }),
    line: /^ARKLOOP_API_ADDR: .* is already in use$/,
  },
  {
    name: 'the port of a gateway that is taken',
    role: 'gateway',
    env: async () => ({ ARKLOOP_GATEWAY_ADDR: await port() }),
    line: /^ARKLOOP_GATEWAY_ADDR: .* is already in use$/,
  },
  {
    name: 'the port of metrics that is taken',
    role: 'gateway',
    env: async () => ({ ARKLOOP_METRICS_ADDR: await port() }),
    line: /^ARKLOOP_METRICS_ADDR: .* is already in use$/,
  },
  {
    name: 'the port of several processes that is taken',
    role: 'api',
    env: async () => ({ ...(await migrated()), ARKLOOP_API_ADDR: await port(), ARKLOOP_API_PROCESSES: '2' }),
    line: /^ARKLOOP_API_ADDR: .* is already in use$/,
  },
  {
    name: 'an address of another machine',
    role: 'gateway',
    env: () => ({ ARKLOOP_GATEWAY_ADDR: '192.0.2.1:0' }),
    line: /^ARKLOOP_GATEWAY_ADDR: /,
  },
  {
    name: 'the name of no machine',
    role: 'gateway',
    env: () => ({ ARKLOOP_GATEWAY_ADDR: 'nowhere.invalid:0' }),
    line: /^ARKLOOP_GATEWAY_ADDR: /,
  },
  { name: 'a role that does not exist', role: 'everything', env: () => ({}), line: /^expected one role: / },
  { name: 'two roles', role: 'api worker', env: () => ({}), line: /^expected one role: / },
  { name: 'a folder that is no backup', role: 'restore /nowhere', env: async () => at(await emptyDatabase(), {}), line: /\/nowhere/ },
  {
    name: 'a dotenv file that is missing',
    role: 'gateway',
    env: () => ({ ARKLOOP_LOAD_DOTENV: '1', ARKLOOP_DOTENV_FILE: '/nowhere/.env' }),
    line: /^ARKLOOP_DOTENV_FILE: /,
  },
  {
    name: 'a dotenv file that is a folder',
    role: 'gateway',
    env: () => ({ ARKLOOP_LOAD_DOTENV: '1', ARKLOOP_DOTENV_FILE: folder }),
    line: /^ARKLOOP_DOTENV_FILE: /,
  },
  {
    name: 'a setting in a dotenv file',
    role: 'gateway',
    env: () => ({ ARKLOOP_LOAD_DOTENV: '1', ARKLOOP_DOTENV_FILE: file('dotenv', 'ARKLOOP_LOG_LEVEL=chatty') }),
    line: /^ARKLOOP_LOG_LEVEL: /,
  },
  {
    name: 'a certificate that is a folder',
    role: 'gateway',
    env: () => ({ ARKLOOP_GATEWAY_TLS_CERT_FILE: folder, ARKLOOP_GATEWAY_TLS_KEY_FILE: folder }),
    line: /^ARKLOOP_GATEWAY_TLS_CERT_FILE: cannot read /,
  },
  {
    name: 'the key of another certificate',
    role: 'gateway',
    env: () => ({
      ARKLOOP_GATEWAY_TLS_CERT_FILE: file('cert.pem', certificate.cert),
      ARKLOOP_GATEWAY_TLS_KEY_FILE: file('key.pem', otherCertificate.key),
    }),
    line: /^ARKLOOP_GATEWAY_TLS_KEY_FILE: the key in /,
  },
  {
    name: 'a certificate without its key',
    role: 'gateway',
    env: () => ({ ARKLOOP_GATEWAY_TLS_CERT_FILE: file('cert.pem', certificate.cert) }),
    line: /^ARKLOOP_GATEWAY_TLS_/,
  },
  {
    name: 'a list of upstreams that is none',
    role: 'gateway',
    env: () => ({ ARKLOOP_GATEWAY_UPSTREAMS_FILE: file('upstreams', 'not a URL') }),
    line: /^ARKLOOP_GATEWAY_UPSTREAMS_FILE: expected /,
  },
  {
    name: 'a GeoIP database that is none',
    role: 'gateway',
    env: () => ({ ARKLOOP_GEOIP_DB_PATH: entry }),
    line: /^ARKLOOP_GEOIP_DB_PATH: /,
  },
  {
    name: 'a GeoIP database that is missing',
    role: 'gateway',
    env: () => ({ ARKLOOP_GEOIP_DB_PATH: '/nowhere/city.mmdb' }),
    line: /^ARKLOOP_GEOIP_DB_PATH: /,
  },
  {
    name: 'rules of rate limits that are none',
    role: 'gateway',
    env: () => ({ ARKLOOP_GATEWAY_RATELIMIT_RULES: '{"' }),
    line: /^ARKLOOP_GATEWAY_RATELIMIT_RULES: /,
  },
  {
    name: 'a Redis URL that is none',
    role: 'gateway',
    env: () => ({ ARKLOOP_GATEWAY_REDIS_URL: 'http://127.0.0.1' }),
    line: /^ARKLOOP_GATEWAY_REDIS_URL: /,
  },
  { name: 'a broker that is none', role: 'api', env: () => ({ ARKLOOP_PUBSUB_URL: 'amqp://127.0.0.1' }), line: /^ARKLOOP_PUBSUB_URL: / },
  { name: 'no processes', role: 'api', env: () => ({ ARKLOOP_API_PROCESSES: '0' }), line: /^ARKLOOP_API_PROCESSES: / },
  {
    name: 'routes that are no JSON',
    role: 'api',
    env: () => ({ ARKLOOP_PROVIDER_ROUTING_JSON: '{"api_key":"hunter2"' }),
    line: /^ARKLOOP_PROVIDER_ROUTING_JSON: /,
  },
  { name: 'a log level that does not exist', role: 'migrate', env: () => ({ ARKLOOP_LOG_LEVEL: 'chatty' }), line: /^ARKLOOP_LOG_LEVEL: / },
  {
    name: 'a secret that is too short',
    role: 'api',
    env: async () => ({ ...(await migrated()), ARKLOOP_AUTH_JWT_SECRET: 'short' }),
    line: /^ARKLOOP_AUTH_JWT_SECRET: /,
  },
  {
    name: 'a proxy that is none',
    role: 'worker',
    env: () => ({ ARKLOOP_OUTBOUND_PROXY_URL: 'proxy' }),
    line: /^ARKLOOP_OUTBOUND_PROXY_URL: /,
  },
  {
    name: 'an administrator without a password',
    role: 'migrate',
    env: () => ({ ARKLOOP_ADMIN_LOGIN: 'root', ARKLOOP_ADMIN_EMAIL: 'a@example.com' }),
    line: /^ARKLOOP_ADMIN_PASSWORD: /,
  },
];

/** Starts keep a core busy: all tests at once would wait for each other. */
test.concurrent.for([...connections, ...migrations, ...settings])(
  '$name ends $role with one line',
  async ({ role, env, line }, { expect: expectHere }) => {
    const { stderr, code } = await start(role, await env());
    const lines = stderr.trimEnd().split('\n');
    expectHere(lines).toEqual([expectHere.stringMatching(/^arkloop: /)]);
    expectHere(lines[0]!.slice('arkloop: '.length)).toMatch(line);
    expectHere({ code, secrets: /hunter2|sesame/.test(stderr) }).toEqual({ code: 1, secrets: false });
  },
);

test('there are at least 40 of them', () => expect([...connections, ...migrations, ...settings].length).toBeGreaterThanOrEqual(40));
