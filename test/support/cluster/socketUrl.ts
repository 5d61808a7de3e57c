import { inject } from 'vitest';
import { world } from '../world/world.ts';

/**
 * The same database of the tests' PostgreSQL over its Unix socket, where a query takes less processor time than over TCP. Other addresses, such as those
 * of proxies, stay as they are, and all do in a world that uses TCP.
 */
export function overSocket(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (world().databaseHost !== 'socket' || url.host !== new URL(inject('postgresUrl')).host) return databaseUrl;
  url.searchParams.set('host', inject('postgresSocketFolder'));
  return url.href;
}
