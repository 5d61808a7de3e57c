import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isServerStarting } from '../database/connection/connectionErrors.ts';
import { detectPoolerMode, type PoolerMode } from '../database/connection/poolerMode.ts';
import { mismatchedSettings, setRoleDefaults } from '../database/connection/sessionSettings.ts';
import { type Config, OperatorError } from '../platform/config/config.ts';
import { errorCodeOf } from '../platform/operatorError.ts';
import type { Log } from '../platform/telemetry/log.ts';

/** The database in use. `directUrl` bypasses a pooler. `stop` stops a server that was started here. */
export type DatabaseServer = { url: string; directUrl: string; place: string; stop(): Promise<void> };

/** The configured PostgreSQL, if it responds, or the embedded one. `mayJoin`: also an embedded one that another process runs, for as long as it does. */
export async function openDatabaseServer(
  config: Pick<Config, 'databaseUrl' | 'databaseDirectUrl'>,
  dataDir: string,
  log: Log,
  mayJoin = false,
): Promise<DatabaseServer> {
  const { databaseUrl: url } = config;
  if (!url) {
    const { joinEmbeddedPostgres, startEmbeddedPostgres } = await import('../database/embedded.ts');
    const embedded = (mayJoin && (await joinEmbeddedPostgres(dataDir))) || (await startEmbeddedPostgres({ dataDir, log }));
    return { url: embedded.url, directUrl: embedded.url, stop: embedded.stop, place: dataDir };
  }
  const directUrl = config.databaseDirectUrl ?? url;
  await checkDatabase(url, directUrl, log);
  const { host, pathname } = new URL(url);
  return { url, directUrl, place: `postgres://${host}${pathname}`, stop: async () => undefined };
}

/** Throws an `OperatorError` of one line if the process cannot work with these URLs. */
export async function checkDatabase(url: string, directUrl: string, log: Log): Promise<void> {
  // Sessions of a pooler have the settings of their role, so the role gets them before the pooler is used.
  const direct =
    directUrl === url
      ? await probe('ARKLOOP_DATABASE_URL', url, checkMainUrl)
      : await probe('ARKLOOP_DATABASE_DIRECT_URL', directUrl, checkDirectUrl);
  if (direct.isSuperuser)
    log.warn('ARKLOOP_DATABASE_URL: the role is a superuser, which is more than serving needs; see the guide to operations');
  if (Math.abs(direct.secondsAhead) > maxSecondsAhead)
    log.warn(
      `ARKLOOP_DATABASE_URL: the clock of the database is ${Math.abs(direct.secondsAhead).toFixed(0)} s ${direct.secondsAhead > 0 ? 'ahead of' : 'behind'} that of this machine; set both by NTP`,
    );
  const pooled = directUrl === url ? direct : await probe('ARKLOOP_DATABASE_URL', url);
  if (pooled.database !== direct.database)
    throw new OperatorError('ARKLOOP_DATABASE_DIRECT_URL: leads to another database than ARKLOOP_DATABASE_URL');
  if (pooled.poolerMode !== 'direct' && pooled.mismatchedSettings.length > 0)
    log.warn(
      `ARKLOOP_DATABASE_URL: sessions of the pooler have ${pooled.mismatchedSettings.join(', ')}: let it connect anew; see the guide to self-hosting`,
    );
}

/**
 * Throws an `OperatorError` if the replica belongs to another database. One that is down, or is no standby now, is only reported: the primary serves
 * its reads, and after a failover a process must be able to start.
 */
export async function checkReadReplica(readUrl: string, directUrl: string, log: Log): Promise<void> {
  const variable = 'ARKLOOP_DATABASE_READ_URL';
  const clusters: Cluster[] = [];
  const note: Check = async (client) => void clusters.push((await client.query<Cluster>(aboutCluster)).rows[0]!);
  await probe('ARKLOOP_DATABASE_URL', directUrl, note);
  try {
    await probe(
      variable,
      readUrl,
      async (client, link) => {
        if (link === 'transaction')
          throw new OperatorError(`${variable}: leads to a pooler in transaction mode; expected PostgreSQL itself`);
        await note(client, link);
      },
      0,
    );
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return log.warn(`${error.message}; the primary serves its reads until it is back`);
  }
  const [primary, replica] = clusters;
  if (replica?.identity !== primary?.identity)
    throw new OperatorError(`${variable}: leads to a server that is not a replica of ARKLOOP_DATABASE_URL`);
  if (!replica?.isStandby)
    log.warn(`${variable}: leads to a server that is not a standby, such as the primary itself; nothing is read there`);
}

type Cluster = { identity: string; isStandby: boolean };

const aboutCluster = `select system_identifier || ' ' || current_database() as identity, pg_is_in_recovery() as "isStandby" from pg_control_system()`;

type Probed = { poolerMode: PoolerMode; isSuperuser: boolean; database: string; mismatchedSettings: string[]; secondsAhead: number };

/** A difference of clocks that is reported, in seconds. */
const maxSecondsAhead = 5;
type Check = (client: pg.Client, link: PoolerMode) => Promise<void>;

/** Migrations, notifications and the queue keep state in their session. */
const checkMainUrl: Check = async (client, link) => {
  if (link === 'transaction')
    throw new OperatorError(
      'ARKLOOP_DATABASE_URL: leads to a pooler in transaction mode; set ARKLOOP_DATABASE_DIRECT_URL to PostgreSQL itself, for migrations, notifications and the queue',
    );
  if (link === 'session') await setRoleDefaults(client);
};

const checkDirectUrl: Check = async (client, link) => {
  if (link === 'transaction')
    throw new OperatorError('ARKLOOP_DATABASE_DIRECT_URL: leads to a pooler in transaction mode; expected PostgreSQL itself');
  await setRoleDefaults(client);
};

const about = `select
  current_setting('server_version_num')::int as version, current_setting('is_superuser')::boolean as "isSuperuser",
  current_database() || ' since ' || extract(epoch from pg_postmaster_start_time()) as database,
  extract(epoch from clock_timestamp())::float8 as seconds, current_setting('server_encoding') as encoding,
  array(select name || ' = ' || current_setting(name) from pg_settings
    where name in ('idle_session_timeout', 'idle_in_transaction_session_timeout') and setting::int between 1 and 9999) as "shortTimeouts"`;

type About = { version: number; seconds: number; isSuperuser: boolean; database: string; encoding: string; shortTimeouts: string[] };

/** Throws an `OperatorError` if the server, the database or the settings of the role do not suit. Timeouts are in milliseconds. */
function checkServer(variable: string, { version, encoding, shortTimeouts }: About) {
  if (version < 150_000) throw new OperatorError(`${variable}: expected PostgreSQL 15 or newer`);
  // SQL_ASCII stores what it gets, and installations may have it.
  if (encoding !== 'UTF8' && encoding !== 'SQL_ASCII')
    throw new OperatorError(`${variable}: the database has the encoding ${encoding}, which cannot store all texts; expected UTF8`);
  if (shortTimeouts.length > 0)
    throw new OperatorError(
      `${variable}: the role or the database has ${shortTimeouts.join(', ')}, which cuts its connections; expected 0`,
    );
}

/** Waits up to 20 s while a server is starting (57P03). Other errors are thrown at once: retrying is up to the process supervisor. */
async function probe(variable: string, url: string, check?: Check, until = performance.now() + 20_000): Promise<Probed> {
  const open: pg.Client[] = [];
  const connect = () => {
    const client = newClient(url);
    open.push(client);
    return client.connect().then(() => client);
  };
  try {
    const client = await connect();
    const asked = Date.now();
    const { rows } = await client.query<About>(about);
    const secondsAhead = rows[0]!.seconds - (asked + Date.now()) / 2_000;
    const { isSuperuser, database } = rows[0]!;
    checkServer(variable, rows[0]!);
    const poolerMode = await detectPoolerMode(client, connect);
    await check?.(client, poolerMode);
    return { poolerMode, isSuperuser, database, secondsAhead, mismatchedSettings: await mismatchedSettings(client) };
  } catch (error) {
    if (!isServerStarting(error) || performance.now() > until) throw unreachable(variable, url, error);
  } finally {
    await Promise.all(open.map((client) => client.end().catch(() => undefined)));
  }
  await sleep(250);
  return await probe(variable, url, check, until);
}

function newClient(url: string) {
  const limits = { connectionTimeoutMillis: 5_000, query_timeout: 10_000 };
  const client = new pg.Client({ connectionString: url, ...limits, application_name: 'arkloop start' });
  client.on('error', () => undefined);
  return client;
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'the connection is refused',
  ENOENT: 'there is no socket',
  ECONNRESET: 'the connection is cut',
  ENOTFOUND: 'the host is not known',
  EAI_AGAIN: 'the host is not known',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  '28P01': 'user or password is wrong',
  '28000': 'the user may not connect',
  '3D000': 'the database does not exist',
  '53300': 'the server has no connection left',
};

/** The server did not answer, or did not let the process in. */
class UnreachableError extends OperatorError {}

function unreachable(variable: string, url: string, error: unknown) {
  if (error instanceof OperatorError) return error;
  const { hostname, port, pathname } = new URL(url);
  return new UnreachableError(`${variable}: cannot use ${hostname}:${port || 5432}${pathname}: ${reasonOf(error)}`);
}

/** Poolers report all errors under one code, so the message is included. */
function reasonOf(error: unknown): string {
  const code = errorCodeOf(error);
  if (error instanceof Error && 'path' in error) return `cannot read ${String(error.path)} (${code})`;
  if (!code) return /timeout|terminated/i.test((error as Error).message) ? 'no answer' : (error as Error).message.split('\n')[0]!;
  return reasons[code] ?? `error ${code}: ${(error as Error).message.split('\n')[0]}`;
}
