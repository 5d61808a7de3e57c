import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Config, OperatorError } from '../kernel/config.ts';
import type { Log } from '../kernel/log.ts';
import { codeOf } from '../kernel/operatorError.ts';

/** Where the data is, and how to stop what was started for it. */
export type Store = { url: string; place: string; stop(): Promise<void> };

/** The configured PostgreSQL, proven to answer, or the embedded one. */
export async function openStore({ databaseUrl }: Pick<Config, 'databaseUrl'>, dataDir: string, log: Log): Promise<Store> {
  if (!databaseUrl) {
    const { startEmbedded } = await import('../db/embedded.ts');
    const { url, stop } = await startEmbedded({ dataDir, log });
    return { url, stop, place: dataDir };
  }
  if ((await probe(databaseUrl)).isSuperuser)
    log.warn('ARKLOOP_DATABASE_URL: the role is a superuser, which is more than serving needs; see the guide to operations');
  const { host, pathname } = new URL(databaseUrl);
  return { url: databaseUrl, place: `postgres://${host}${pathname}`, stop: async () => undefined };
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

/** Waits while a server is starting, and not otherwise: who restarts this process decides about more patience. */
async function probe(url: string, until = Date.now() + 20_000): Promise<{ isSuperuser: boolean }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'arkloop start' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; is_superuser: boolean }>(
      "select current_setting('server_version_num')::int as version, current_setting('is_superuser')::boolean as is_superuser",
    );
    if ((rows[0]?.version ?? 0) < 150_000) throw new OperatorError('ARKLOOP_DATABASE_URL: expected PostgreSQL 15 or newer');
    return { isSuperuser: rows[0]?.is_superuser === true };
  } catch (error) {
    if (codeOf(error) !== '57P03' || Date.now() > until) throw unreachable(url, error);
    await sleep(250);
    return await probe(url, until);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function unreachable(url: string, error: unknown) {
  if (error instanceof OperatorError) return error;
  const { hostname, port, pathname } = new URL(url);
  const code = codeOf(error);
  const reason = reasons[code ?? ''] ?? (code ? `error ${code}` : 'no answer');
  return new OperatorError(`ARKLOOP_DATABASE_URL: cannot use ${hostname}:${port || 5432}${pathname}: ${reason}`);
}
