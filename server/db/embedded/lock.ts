import pg from 'pg';
import { codeOf, OperatorError } from '../../kernel/operatorError.ts';
import { type Cluster, owner } from './cluster.ts';

/** The URL of a database of the cluster for its superuser. */
export function urlOf({ password }: Cluster, port: number, database = owner): string {
  return `postgres://${owner}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** Connect for as long as this process owns the data folder, or give nothing while another one does. */
export async function takeLock(cluster: Cluster, port: number): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    connectionString: urlOf(cluster, port, 'postgres'),
    connectionTimeoutMillis: 5_000,
    application_name: 'arkloop instance lock',
    keepAlive: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_lock(hashtextextended('arkloop:instance', 0)) as taken",
    );
    if (rows[0]?.taken) return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    if (codeOf(error)?.startsWith('28'))
      throw new OperatorError(`ARKLOOP_DATA_DIR: postgres-password does not fit the database in ${cluster.folder}`);
    throw error;
  }
  await client.end().catch(() => undefined);
  return undefined;
}
