import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Link, linkOf } from '../db/poolers.ts';
import { giveRoleSettings, settingsAmiss } from '../db/session.ts';
import { type Config, OperatorError } from '../kernel/config.ts';
import type { Log } from '../kernel/log.ts';
import { codeOf } from '../kernel/operatorError.ts';

/** Where the data is, and how to stop what was started for it. `directUrl` leads past a pooler. */
export type Store = { url: string; directUrl: string; place: string; stop(): Promise<void> };

/** The configured PostgreSQL, proven to answer, or the embedded one. */
export async function openStore(config: Pick<Config, 'databaseUrl' | 'databaseDirectUrl'>, dataDir: string, log: Log): Promise<Store> {
  const { databaseUrl: url } = config;
  if (!url) {
    const { startEmbedded } = await import('../db/embedded.ts');
    const embedded = await startEmbedded({ dataDir, log });
    return { url: embedded.url, directUrl: embedded.url, stop: embedded.stop, place: dataDir };
  }
  const directUrl = config.databaseDirectUrl ?? url;
  await checkDatabase(url, directUrl, log);
  const { host, pathname } = new URL(url);
  return { url, directUrl, place: `postgres://${host}${pathname}`, stop: async () => undefined };
}

/** Throws, in one line, what would keep the parts from working with these URLs. */
export async function checkDatabase(url: string, directUrl: string, log: Log): Promise<void> {
  // Sessions that a pooler opens have the settings of their role, so it gets them before anything goes through the pooler.
  const direct =
    directUrl === url
      ? await probe('ARKLOOP_DATABASE_URL', url, refusePooledTransactions)
      : await probe('ARKLOOP_DATABASE_DIRECT_URL', directUrl, refuseIndirect);
  if (direct.isSuperuser)
    log.warn('ARKLOOP_DATABASE_URL: the role is a superuser, which is more than serving needs; see the guide to operations');
  const pooled = directUrl === url ? direct : await probe('ARKLOOP_DATABASE_URL', url);
  if (pooled.database !== direct.database)
    throw new OperatorError('ARKLOOP_DATABASE_DIRECT_URL: leads to another database than ARKLOOP_DATABASE_URL');
  if (pooled.link !== 'direct' && pooled.amiss.length > 0)
    log.warn(
      `ARKLOOP_DATABASE_URL: sessions of the pooler have ${pooled.amiss.join(', ')}: let it connect anew; see the guide to self-hosting`,
    );
}

type Probed = { link: Link; isSuperuser: boolean; database: string; amiss: string[] };
type Check = (client: pg.Client, link: Link) => Promise<void>;

/** Migrations, notifications and the queue keep something in their session. */
const refusePooledTransactions: Check = async (client, link) => {
  if (link === 'transaction')
    throw new OperatorError(
      'ARKLOOP_DATABASE_URL: leads to a pooler in transaction mode; set ARKLOOP_DATABASE_DIRECT_URL to PostgreSQL itself, for migrations, notifications and the queue',
    );
  if (link === 'session') await giveRoleSettings(client);
};

const refuseIndirect: Check = async (client, link) => {
  if (link === 'transaction')
    throw new OperatorError('ARKLOOP_DATABASE_DIRECT_URL: leads to a pooler in transaction mode; expected PostgreSQL itself');
  await giveRoleSettings(client);
};

const about = `select
  current_setting('server_version_num')::int as version, current_setting('is_superuser')::boolean as "isSuperuser",
  current_database() || ' since ' || extract(epoch from pg_postmaster_start_time()) as database`;

/** Waits while a server is starting, and not otherwise: who restarts this process decides about more patience. */
async function probe(variable: string, url: string, check?: Check, until = Date.now() + 20_000): Promise<Probed> {
  const open: pg.Client[] = [];
  const connect = () => {
    const client = newClient(url);
    open.push(client);
    return client.connect().then(() => client);
  };
  try {
    const client = await connect();
    const { rows } = await client.query<{ version: number; isSuperuser: boolean; database: string }>(about);
    const { version, isSuperuser, database } = rows[0]!;
    if (version < 150_000) throw new OperatorError(`${variable}: expected PostgreSQL 15 or newer`);
    const link = await linkOf(client, connect);
    await check?.(client, link);
    return { link, isSuperuser, database, amiss: await settingsAmiss(client) };
  } catch (error) {
    if (codeOf(error) !== '57P03' || Date.now() > until) throw unreachable(variable, url, error);
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

function unreachable(variable: string, url: string, error: unknown) {
  if (error instanceof OperatorError) return error;
  const { hostname, port, pathname } = new URL(url);
  return new OperatorError(`${variable}: cannot use ${hostname}:${port || 5432}${pathname}: ${reasonOf(error)}`);
}

/** Poolers tell all their errors under one code, so their words are told. */
function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (!code) return 'no answer';
  return reasons[code] ?? `error ${code}: ${(error as Error).message.split('\n')[0]}`;
}
