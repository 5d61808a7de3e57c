import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import pg from 'pg';

/** The settings of every session of the pools, in the form that PostgreSQL displays. */
const sessionSettings = {
  statement_timeout: '10s',
  // A statement that waits for a lock holds its connection, which others may need.
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: '30s',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  synchronous_commit: 'on',
  // Compiling a statement takes 100 ms and more, and none of ours runs that long.
  jit: 'off',
  // A prepared range of ids is estimated at 0.5 % of the table: of four million runs, enough to start two processes (38 ms) for a single row (0.15 ms).
  max_parallel_workers_per_gather: '0',
} as const;

const names = Object.keys(sessionSettings) as (keyof typeof sessionSettings)[];

/** How long a new connection may take to answer, in milliseconds. A pooler accepts connections even if it has no server for them. */
const answerMs = 5_000;

/**
 * Prepares a new connection of a pool. A direct connection gets the settings. A pooler assigns a session to another client after each transaction, so
 * nothing is set there: the role has the settings (`setRoleDefaults`), and statements are named only if the pooler tracks names. Returns whether the
 * connection is direct.
 */
export async function prepareConnection(client: pg.ClientBase): Promise<boolean> {
  // The driver's types do not include its socket.
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection;
  const late = setTimeout(() => stream.destroy(), answerMs);
  try {
    const { rows } = await client.query<{ direct: boolean }>(setUnlessPooled(backendPidOf(client)));
    const isDirect = rows[0]?.direct === true;
    if (!isDirect && !(await tracksPreparedStatements(client))) forgetNames(client);
    return isDirect;
  } finally {
    clearTimeout(late);
  }
}

/** The id of the backend process, as reported when the connection was opened. Poolers report one that does not exist. */
export const backendPidOf = (client: pg.ClientBase): number => (client as unknown as { processID: number | null }).processID ?? 0;

/** A single statement, because the caller waits for the new connection. */
function setUnlessPooled(process: number): string {
  const isDirect = `pg_backend_pid() = ${process}`;
  const sets = names.map((name) => `case when ${isDirect} then set_config('${name}', '${sessionSettings[name]}', false) end`);
  return `select ${isDirect} as direct, ${sets.join(', ')}`;
}

/**
 * Whether a pooler tracks prepared statements, as PgBouncer does from 1.21 on with `max_prepared_statements`: it then replaces their names. Otherwise
 * a name belongs to a server session, where it may be missing or stand for a statement of another client.
 */
async function tracksPreparedStatements(client: pg.ClientBase): Promise<boolean> {
  const name = `arkloop_${randomUUID()}`;
  // Sent together, because each additional round trip holds a session of the pooler for longer.
  const [, , { rowCount }] = await Promise.all([
    client.query('begin'),
    client.query({ name, text: 'select 1' }),
    client.query('select from pg_prepared_statements where name = $1', [name]),
  ]);
  await client.query(rowCount ? `deallocate ${pg.escapeIdentifier(name)}; rollback` : 'rollback');
  return rowCount === 0;
}

/** Removes the names of statements, so that each is parsed anew. */
function forgetNames(client: pg.ClientBase) {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const isNamed = (asked: unknown): asked is pg.QueryConfig => typeof asked === 'object' && asked !== null && 'name' in asked;
  Object.assign(client, {
    query: (asked: unknown, ...rest: unknown[]) => query(isNamed(asked) ? { ...asked, name: undefined } : asked, ...rest),
  });
}

/** The settings of a session that differ from `sessionSettings`. */
export async function mismatchedSettings(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<Record<string, string>>(
    `select ${names.map((name) => `current_setting('${name}') as "${name}"`).join(', ')}`,
  );
  return names.flatMap((name) => (rows[0]?.[name] === sessionSettings[name] ? [] : [`${name} = '${rows[0]?.[name]}'`]));
}

/** Stores the settings for the current role in its database, for the sessions that a pooler opens. A role may change its own settings. */
export async function setRoleDefaults(client: pg.ClientBase): Promise<void> {
  await client.query('begin');
  try {
    // Without the lock, two processes that start at once fail on the same row of the catalog.
    await client.query('select pg_advisory_xact_lock($1)', [roleLock]);
    const { rows } = await client.query<{ database: string; settings: string[] }>(
      `select current_database() as database, coalesce((select s.setconfig from pg_db_role_setting s
        join pg_database d on d.oid = s.setdatabase join pg_roles r on r.oid = s.setrole
        where d.datname = current_database() and r.rolname = current_user), '{}') as settings`,
    );
    const { database, settings } = rows[0]!;
    for (const name of names) if (!settings.includes(`${name}=${sessionSettings[name]}`)) await client.query(roleSetting(database, name));
  } finally {
    await client.query('commit');
  }
}

const roleLock = 7_203_118_406;

const roleSetting = (database: string, name: keyof typeof sessionSettings) =>
  `alter role current_user in database ${pg.escapeIdentifier(database)} set ${name} to ${sessionSettings[name]
    .split(', ')
    .map((part) => pg.escapeLiteral(part))
    .join(', ')}`;
