import type pg from 'pg';
import { processOf } from './session.ts';

/** What a URL leads to: PostgreSQL itself, or a pooler that keeps a server for each session, or only for each transaction. */
export type Link = 'direct' | 'session' | 'transaction';

/** A pooler may have a reason to give the same server again; three times it has none. */
const attempts = 3;

/**
 * Tell what a connection leads to. A pooler claims to be a process that does not exist. One in transaction mode gives the server of an idle
 * session to another session, or another server to the same session.
 */
export async function linkOf(client: pg.Client, openAnother: () => Promise<pg.Client>): Promise<Link> {
  let served = await serverOf(client);
  if (served === processOf(client)) return 'direct';
  const other = await openAnother();
  for (let attempt = 0; attempt < attempts; attempt++) {
    await other.query('begin');
    const taken = await serverOf(other);
    // Not asked while the other holds the only server.
    const now = taken === served ? undefined : await serverOf(client);
    await other.query('rollback');
    if (now !== served) return 'transaction';
    served = now;
  }
  return 'session';
}

async function serverOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]!.pid;
}
