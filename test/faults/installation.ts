import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../server/database/embedded.ts';
import { migrate } from '../../server/database/migrate.ts';
import { type Keyring, keyringOf } from '../../server/platform/crypto/keyring.ts';
import { credentials, startS3 } from '../storage/s3Server.ts';
import { clockFrom } from '../support/app/clock.ts';
import { freePort } from '../support/app/ports.ts';
import { overTcp } from '../support/cluster/overTcp.ts';
import { fillsMemory } from '../support/failures/preload.ts';
import { installDiskFault } from './diskFault.ts';
import { type Proxy, startProxy } from './network/proxy.ts';
import { apis, type ServerName, serverNames, storageLink, workers } from './plan.ts';
import { type LoggedError, type ServerProcess, superviseServer } from './serverProcess.ts';

/** Two APIs, two workers, a gateway and PostgreSQL, each in a process of its own, connected by the proxy. */
export type Installation = {
  /** Of the gateway. */
  url: string;
  /** Past the proxy. */
  databaseUrl: string;
  encryptionKeys: Keyring;
  servers: Record<ServerName, ServerProcess>;
  proxy: Proxy;
  postgres: {
    postmaster(): number;
    /** The processes of PostgreSQL, the postmaster first. */
    pids(): number[];
    /** Process ids of the sessions of our servers. */
    backends(): Promise<number[]>;
    /** Those that wait for the disk on behalf of many transactions. */
    flushes(): Promise<number[]>;
  };
  disk: {
    /** The share of inserts that fail with 53100 (disk full). */
    setFull(share: number): Promise<void>;
    setStorageWritable(isWritable: boolean): void;
  };
  /** Sets the clock of a process, now and after its next starts, if the installation is faulty. */
  setClock(name: ServerName, secondsAhead: number): void;
  /** Errors that servers logged, and exits that no one caused. */
  errors: LoggedError[];
  exits: { name: string; how: string }[];
  admin: { login: string; password: string };
  stop(): Promise<void>;
};

export type InstallationOptions = {
  /** The model server. */
  upstreamUrl: string;
  env?: Record<string, string>;
  /** The clocks of its processes can be set, workers fill their memory on SIGUSR2, and files are in an object store behind the proxy. */
  isFaulty?: boolean;
  onLine?: (name: string, line: string) => void;
};

/** Fast leases and retries, so that recovery takes seconds. */
const quick = {
  ARKLOOP_WORKER_LEASE_SECONDS: '3',
  ARKLOOP_WORKER_HEARTBEAT_SECONDS: '0.7',
  ARKLOOP_WORKER_POLL_SECONDS: '0.25',
  ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.3',
  ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '8',
  ARKLOOP_LLM_RETRY_BASE_DELAY_MS: '50',
};

const open = {
  ARKLOOP_LOG_LEVEL: 'warn',
  ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS: '86400',
  ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
  ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0',
  ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
  ARKLOOP_RATELIMIT_CAPACITY: '1000000',
  ARKLOOP_GATEWAY_UPSTREAM_TIMEOUT_MS: '15000',
};

/** Of servers that are loaded. */
export const loadedServerEnv: Readonly<Record<string, string>> = { ...quick, ...open };

const admin = { login: 'chief', password: 'Passw0rd-1' };

export async function startInstallation({
  upstreamUrl,
  env: more = {},
  isFaulty = false,
  onLine,
}: InstallationOptions): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-faults-'));
  const storageRoot = join(folder, 'storage');
  mkdirSync(storageRoot);
  const log = pino({ level: 'silent' });
  const settings = { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB' };
  const server = await startEmbeddedPostgres({ dataDir: folder, log, settings });
  await migrate(server.url);
  const setFull = await installDiskFault(server.url);
  const proxy = startProxy();
  const store = isFaulty ? await startS3(storageRoot, 'arkloop') : undefined;
  const clockFile = (name: ServerName) => join(folder, `${name}.clock`);
  const setClock = (name: ServerName, secondsAhead: number) => {
    // Replaced as a whole: the process may read it now.
    writeFileSync(`${clockFile(name)}.new`, String(secondsAhead));
    renameSync(`${clockFile(name)}.new`, clockFile(name));
  };
  const postgresPort = Number(new URL(server.url).port);
  const encryptionKey = randomBytes(32);
  const shared = {
    ...loadedServerEnv,
    ARKLOOP_STORAGE_ROOT: storageRoot,
    ARKLOOP_AUTH_JWT_SECRET: randomBytes(32).toString('hex'),
    ARKLOOP_ENCRYPTION_KEY: encryptionKey.toString('hex'),
    ARKLOOP_PROVIDER_ROUTING_JSON: routingTo(upstreamUrl),
    ARKLOOP_ADMIN_LOGIN: admin.login,
    ARKLOOP_ADMIN_EMAIL: 'chief@example.test',
    ARKLOOP_ADMIN_PASSWORD: admin.password,
    ...(store && (await behindProxy(store.endpoint, proxy))),
    ...more,
  };
  const errors: LoggedError[] = [];
  const exits: { name: string; how: string }[] = [];
  const start = async (name: ServerName, role: string, env: Record<string, string>) => {
    const url = overTcp(server.url);
    url.port = String(await proxy.link(`${name} to postgres`, [postgresPort]));
    setClock(name, 0);
    const options = [clockFrom(clockFile(name)), ...(role === 'worker' ? [fillsMemory] : [])].join(' ');
    const faulty = isFaulty && { NODE_OPTIONS: options };
    const own = { ...shared, ARKLOOP_DATA_DIR: join(folder, name), ARKLOOP_DATABASE_URL: url.href, ...faulty, ...env };
    return superviseServer(name, role, own, {
      ...(onLine && { onLine }),
      onError: (error) => void errors.push(error),
      onUnexpectedExit: (of, how) => void exits.push({ name: of, how }),
    });
  };
  const servers = {} as Record<ServerName, ServerProcess>;
  const ports: number[] = [];
  for (const name of apis) {
    ports.push(await freePort());
    servers[name] = await start(name, 'api', { ARKLOOP_API_ADDR: `127.0.0.1:${ports.at(-1)}` });
  }
  for (const name of workers) servers[name] = await start(name, 'worker', {});
  const gatewayPort = await freePort();
  servers.gateway = await start('gateway', 'gateway', {
    ARKLOOP_GATEWAY_ADDR: `127.0.0.1:${gatewayPort}`,
    ARKLOOP_GATEWAY_UPSTREAM: `http://127.0.0.1:${await proxy.link('gateway to api', ports)}`,
  });
  await Promise.all(serverNames.map((name) => servers[name].ready()));
  return {
    url: `http://127.0.0.1:${gatewayPort}`,
    databaseUrl: server.url,
    encryptionKeys: keyringOf([encryptionKey]),
    servers,
    proxy,
    postgres: {
      postmaster: () => postmasterOf(folder),
      pids: () => [postmasterOf(folder), ...childrenOf(postmasterOf(folder))],
      backends: () => backendsOf(server.superuserUrl),
      flushes: () => backendsOf(server.superuserUrl, 'select pg_logical_emit_message%'),
    },
    setClock,
    disk: { setFull, setStorageWritable: (isWritable) => setWritable(storageRoot, isWritable) },
    errors,
    exits,
    admin,
    async stop() {
      await Promise.all(serverNames.map((name) => servers[name].stop()));
      proxy.stop();
      await Promise.all([server.stop(), store?.close()]);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Static routing to a model server whose calls cost credits. */
export function routingTo(upstreamUrl: string): string {
  const credential = {
    id: 'c',
    provider_kind: 'openai',
    api_key: 'sk-faults',
    base_url: `${upstreamUrl}/v1`,
    openai_api_mode: 'chat_completions',
  };
  const route = { id: 'r', credential_id: 'c', model: 'm', cost_per_1k_input: 0.01, cost_per_1k_output: 0.01 };
  return JSON.stringify({ default_route_id: 'r', credentials: [credential], routes: [route] });
}

const postmasterOf = (folder: string) => Number(readFileSync(join(folder, 'postgres/postmaster.pid'), 'utf8').split('\n', 1)[0]);

/** Child processes by `/proc`. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [, of] = /^\d+ \(.*\) \w (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'latin1')) ?? [];
      return Number(of) === parent ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** The object store through the proxy. */
async function behindProxy(endpoint: string, proxy: Proxy): Promise<Record<string, string>> {
  const port = await proxy.link(storageLink, [Number(new URL(endpoint).port)]);
  return {
    ARKLOOP_STORAGE_BACKEND: 's3',
    ARKLOOP_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    ARKLOOP_S3_ACCESS_KEY: credentials.accessKey,
    ARKLOOP_S3_SECRET_KEY: credentials.secretKey,
    ARKLOOP_S3_BUCKET: 'arkloop',
  };
}

/** `lastQuery`: a pattern of the last query of the session. */
async function backendsOf(superuserUrl: string, lastQuery = '%'): Promise<number[]> {
  const client = new pg.Client({ connectionString: superuserUrl, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where usename = 'arkloop_app' and application_name <> 'arkloop faults' and query like $1 order by pid`,
      [lastQuery],
    );
    return rows.map(({ pid }) => pid);
  } catch {
    return [];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Root may write to any folder, so the folder is replaced by a file. */
function setWritable(folder: string, isWritable: boolean) {
  const away = `${folder}.away`;
  if (isWritable) {
    rmSync(folder);
    renameSync(away, folder);
  } else {
    renameSync(folder, away);
    writeFileSync(folder, '');
  }
}
