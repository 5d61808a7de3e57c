import pg from 'pg';
import { cacheAnswer, type CachedAnswer } from '../../platform/cachedAnswer.ts';
import { type SchemaVersion, schemaVersion } from '../migrate.ts';
import { prepareConnection } from './sessionSettings.ts';

export type SchemaMonitor = Pick<CachedAnswer<SchemaVersion>, 'first' | 'current'> & { close(): Promise<void> };

/** How long a connection and an answer may take, in milliseconds. */
const timeoutMs = 2_000;

/** Asks the database for its schema version each second, on a connection of its own: the pools may be in use without the database being unreachable. */
export function monitorSchema(databaseUrl: string): SchemaMonitor {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'arkloop readiness',
    max: 1,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    // pg-pool awaits the promise, although its types do not say so.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: prepareConnection,
  });
  const { first, start, current, askAgain, stop } = cacheAnswer(() => schemaVersion(pool));
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', askAgain);
  start();
  return {
    first,
    current,
    close() {
      stop();
      return pool.end();
    },
  };
}
