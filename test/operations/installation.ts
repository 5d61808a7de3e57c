import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../server/database/embedded.ts';
import { openCluster } from '../../server/database/embedded/cluster.ts';
import { launchPostmaster, stopPostmaster } from '../../server/database/embedded/postmaster.ts';
import { loadedServerEnv, routingTo } from '../faults/installation.ts';
import { startProxy } from '../faults/network/proxy.ts';
import { type LoggedError, type ServerProcess, superviseServer } from '../faults/serverProcess.ts';
import { credentials, startS3 } from '../storage/s3Server.ts';
import { freePort } from '../support/app/ports.ts';
import { redis } from '../support/cluster/brokers.ts';
import { query } from '../support/cluster/query.ts';

/** The roles in the order in which they are replaced: workers before APIs, which may queue jobs that older workers do not know. */
const roles = ['worker', 'gateway', 'api'] as const;
type Role = (typeof roles)[number];
type Env = Readonly<Record<string, string>>;

/** One of the two processes of a role. Replaced by a new one, its place stays. */
type Place = { role: Role; name: string; process: ServerProcess; port: number };

export type Installation = {
  /** Of the balancer in front of the gateways. */
  url: string;
  databaseUrl: string;
  admin: { login: string; password: string };
  /** Why there is no Redis. */
  withoutRedis: string | undefined;
  processes(role: Role): ServerProcess[];
  /** The folder of the code of processes that start from now on, and variables that change for them. */
  use(change: { home?: string; env?: Readonly<Record<string, string | undefined>> }): void;
  /** Replaces all processes one after the other: a new one is ready before the old one is told to stop. */
  replaceProcesses(): Promise<void>;
  /** Runs a command as an operator does, on the database and object store of this installation or others. Returns its output. */
  command(args: readonly string[], env?: Env): Promise<string>;
  database: { stop(): Promise<void>; start(): Promise<void> };
  /** An empty database and bucket, as variables. */
  emptyPlace(): Promise<Env>;
  /** One more process, which is stopped with the others. */
  startExtra(role: Role, env: Env): Promise<{ url: string }>;
  stopExtras(): Promise<void>;
  errors: LoggedError[];
  exits: { name: string; how: string }[];
  stop(): Promise<void>;
};

type Options = { folder: string; upstreamUrl: string; collectorUrl: string; env: Env; onLine(name: string, line: string): void };

/** How long `/readyz` is 503 before a process closes its port, and when the balancer has noticed, in milliseconds. */
const drainMs = 5_000;
const noticedMs = 700;
const startMs = 90_000;

const main = fileURLToPath(new URL('../../', import.meta.url));
const admin = { login: 'chief', password: 'Passw0rd-1' };

/** Starts PostgreSQL, Redis and an S3-compatible store. The processes start with the first `replaceProcesses`. */
export async function prepareInstallation({ folder, upstreamUrl, collectorUrl, env, onLine }: Options): Promise<Installation> {
  const dataDir = join(folder, 'postgres');
  mkdirSync(dataDir);
  const settings = { shared_buffers: '128MB', max_connections: '300' };
  const initial = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }), settings });
  const port = Number(new URL(initial.url).port);
  await initial.stop();
  // From here on as an operator runs it: what stops it does not start it again.
  const cluster = { ...(await openCluster(dataDir)), settings };
  const database = {
    stop: () => stopPostmaster(cluster.folder),
    async start() {
      const failure = await launchPostmaster(cluster, port);
      if (failure !== undefined) throw new Error(`PostgreSQL does not start: ${failure}`);
    },
  };
  await database.start();
  const broker = await redis();
  if (!('reason' in broker)) await broker.start();
  const stores: { close(): Promise<void> }[] = [];
  const openStore = async (name: string): Promise<Env> => {
    const store = await startS3(join(folder, name), 'arkloop');
    stores.push(store);
    const { accessKey: ARKLOOP_S3_ACCESS_KEY, secretKey: ARKLOOP_S3_SECRET_KEY } = credentials;
    return { ARKLOOP_STORAGE_BACKEND: 's3', ARKLOOP_S3_ENDPOINT: store.endpoint, ARKLOOP_S3_ACCESS_KEY, ARKLOOP_S3_SECRET_KEY };
  };

  const proxy = startProxy();
  let home = main;
  let shared: Env = {
    ...loadedServerEnv,
    ...(await openStore('objects')),
    ARKLOOP_DATABASE_URL: initial.url,
    ARKLOOP_SHUTDOWN_DRAIN_MS: `${drainMs}`,
    ARKLOOP_PROVIDER_ROUTING_JSON: routingTo(upstreamUrl),
    ARKLOOP_ADMIN_LOGIN: admin.login,
    ARKLOOP_ADMIN_EMAIL: 'chief@example.test',
    ARKLOOP_ADMIN_PASSWORD: admin.password,
    ARKLOOP_TRUST_X_FORWARDED_FOR: 'true',
    ARKLOOP_TRUST_INCOMING_TRACE_ID: 'true',
    ARKLOOP_TRUSTED_PROXY_CIDRS: '127.0.0.0/8',
    ...(!('reason' in broker) && broker.url !== undefined && { ARKLOOP_GATEWAY_REDIS_URL: broker.url }),
    OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    ...env,
  };
  const links: Partial<Record<Role, string>> = { api: 'gateways to APIs', gateway: 'clients to gateways' };
  const ports = { api: await proxy.link(links.api!, []), gateway: await proxy.link(links.gateway!, []) };
  const errors: LoggedError[] = [];
  const exits: { name: string; how: string }[] = [];
  const extras: ServerProcess[] = [];
  const all: ServerProcess[] = [];
  let started = 0;

  async function startProcess(role: Role, name: string, own: Env = {}): Promise<Place> {
    const port = await freePort();
    const address = { api: 'ARKLOOP_API_ADDR', gateway: 'ARKLOOP_GATEWAY_ADDR' };
    const process = superviseServer(
      name,
      role,
      {
        ...shared,
        ARKLOOP_DATA_DIR: join(folder, `${name}-${++started}`),
        ...(role !== 'worker' && { [address[role]]: `127.0.0.1:${port}` }),
        ...(role === 'gateway' && { ARKLOOP_GATEWAY_UPSTREAM: `http://127.0.0.1:${ports.api}` }),
        ...own,
      },
      { home, onLine, onError: (error) => void errors.push(error), onUnexpectedExit: (of, how) => void exits.push({ name: of, how }) },
    );
    all.push(process);
    const late = sleep(startMs, 'late', { ref: false });
    if ((await Promise.race([process.ready(), late])) === 'late') {
      await process.stop();
      throw new Error(`${name} is not ready after ${startMs / 1_000} s; see the log`);
    }
    return { role, name, process, port };
  }

  const stopExtras = async () => void (await Promise.all(extras.splice(0).map((each) => each.stop())));

  const places: Place[] = [];
  const lead = (role: Role) => {
    const link = links[role];
    if (link)
      proxy.lead(
        link,
        places.filter((place) => place.role === role).map(({ port: of }) => of),
      );
  };

  async function replace(role: Role, name: string) {
    const old = places.find((place) => place.name === name);
    const next = await startProcess(role, name);
    places.push(next);
    lead(role);
    if (!old) return;
    const stopped = old.process.stop();
    // A balancer sends connections to a process that stops until a probe tells it.
    await sleep(noticedMs);
    places.splice(places.indexOf(old), 1);
    lead(role);
    await stopped;
  }

  const command: Installation['command'] = async (args, own = {}) => {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ARKLOOP_|npm_lifecycle_event$)/.test(name)));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [`${home}server/main.ts`, ...args], {
      cwd: home,
      env: { ...inherited, ...shared, ARKLOOP_DATA_DIR: join(folder, `command-${randomBytes(4).toString('hex')}`), ...own },
    });
    for (const line of [...stdout.split('\n'), ...stderr.split('\n')]) if (line !== '') onLine(`command ${args[0]}`, line);
    return stdout.trim();
  };

  return {
    url: `http://127.0.0.1:${ports.gateway}`,
    databaseUrl: initial.url,
    admin,
    withoutRedis: 'reason' in broker ? broker.reason : undefined,
    processes: (role) => places.filter((place) => place.role === role).map(({ process: of }) => of),
    use(change) {
      home = change.home ?? home;
      const changed = Object.entries({ ...shared, ...change.env }).filter((each): each is [string, string] => each[1] !== undefined);
      shared = Object.fromEntries(changed);
    },
    async replaceProcesses() {
      for (const role of roles) for (const number of [1, 2]) await replace(role, `${role}-${number}`);
    },
    command,
    database,
    async emptyPlace() {
      const name = `second_${randomBytes(4).toString('hex')}`;
      const owner = new URL(initial.url).username;
      await query(initial.superuserUrl, `create database ${name} owner ${owner}`);
      const url = new URL(initial.url);
      url.pathname = `/${name}`;
      return { ARKLOOP_DATABASE_URL: url.href, ...(await openStore(`objects-${name}`)) };
    },
    async startExtra(role, own) {
      const { process: extra, port: at } = await startProcess(role, `second-${role}`, own);
      extras.push(extra);
      return { url: `http://127.0.0.1:${at}` };
    },
    stopExtras,
    errors,
    exits,
    async stop() {
      await Promise.all(all.map((each) => each.stop()));
      proxy.stop();
      if (!('reason' in broker)) await broker.stop();
      await Promise.all(stores.map((store) => store.close()));
      await database.stop();
    },
  };
}
