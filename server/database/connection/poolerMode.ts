import type pg from 'pg';
import { backendPidOf } from './sessionSettings.ts';

/** What a URL leads to: PostgreSQL itself, or a pooler that assigns a server per session or per transaction. */
export type PoolerMode = 'direct' | 'session' | 'transaction';

/** A pooler in transaction mode may happen to assign the same server again, but not three times in a row. */
const attempts = 3;

/**
 * Detects what a connection leads to. A pooler reports the id of a process that does not exist. In transaction mode, it assigns the server of an idle
 * session to another session, or another server to the same session.
 */
export async function detectPoolerMode(client: pg.Client, openAnother: () => Promise<pg.Client>): Promise<PoolerMode> {
  let served = await queryBackendPid(client);
  if (served === backendPidOf(client)) return 'direct';
  const other = await openAnother();
  for (let attempt = 0; attempt < attempts; attempt++) {
    await other.query('begin');
    const taken = await queryBackendPid(other);
    // If the other connection holds the server, this query could wait for it. The result is already known then.
    const now = taken === served ? undefined : await queryBackendPid(client);
    await other.query('rollback');
    if (now !== served) return 'transaction';
    served = now;
  }
  return 'session';
}

async function queryBackendPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]!.pid;
}
