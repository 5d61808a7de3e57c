import pg from 'pg';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';
import { type Cluster, superuserAndDatabaseName } from './cluster.ts';
import type { Address } from './postmaster.ts';

/** The URL of a database of the cluster, for its superuser. */
export const superuserUrlOf = ({ password }: Cluster, address: Address, database = superuserAndDatabaseName): string =>
  urlOf(address, superuserAndDatabaseName, password, database);

/** The parameter `host` takes precedence over 127.0.0.1, which programs that know no Unix sockets use. */
export function urlOf({ port, socketFolder }: Address, role: string, password: string, database: string): string {
  const url = `postgres://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  return socketFolder === '' ? url : `${url}?host=${encodeURIComponent(socketFolder)}`;
}

/** Takes the lock of the data folder, which is held as long as the connection is open. Undefined while another process holds it. */
export async function takeInstanceLock(cluster: Cluster, address: Address): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    connectionString: superuserUrlOf(cluster, address, 'postgres'),
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
    if (errorCodeOf(error)?.startsWith('28'))
      throw new OperatorError(`ARKLOOP_DATA_DIR: postgres-password does not fit the database in ${cluster.folder}`);
    throw error;
  }
  await client.end().catch(() => undefined);
  return undefined;
}
