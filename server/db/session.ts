import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import pg from 'pg';

/** What every session of the pools has, in the form in which PostgreSQL shows it. */
export const sessionSettings = {
  statement_timeout: '10s',
  lock_timeout: '8s',
  idle_in_transaction_session_timeout: '30s',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  synchronous_commit: 'on',
} as const;

const names = Object.keys(sessionSettings) as (keyof typeof sessionSettings)[];

/** How long a new connection may take to answer, in milliseconds: a pooler takes connections that it has no server for. */
const answerMs = 5_000;

/**
 * Prepare a new connection of a pool. One that leads to PostgreSQL itself gets the settings. A pooler gives a session to another client
 * after each transaction, so nothing is set there: the role has the settings (`giveRoleSettings`), and statements are named only where
 * the pooler keeps track of names.
 */
export async function prepareConnection(client: pg.ClientBase): Promise<void> {
  // The driver's types leave its socket out.
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection;
  const late = setTimeout(() => stream.destroy(), answerMs);
  try {
    const { rows } = await client.query<{ direct: boolean }>(setUnlessPooled(processOf(client)));
    if (!rows[0]?.direct && !(await keepsNames(client))) forgetNames(client);
  } finally {
    clearTimeout(late);
  }
}

/** The process that the other side claimed to be when the connection was made; poolers claim to be one that does not exist. */
export const processOf = (client: pg.ClientBase): number => (client as unknown as { processID: number | null }).processID ?? 0;

/** One statement, because a new connection is waited for. */
function setUnlessPooled(process: number): string {
  const isDirect = `pg_backend_pid() = ${process}`;
  const sets = names.map((name) => `case when ${isDirect} then set_config('${name}', '${sessionSettings[name]}', false) end`);
  return `select ${isDirect} as direct, ${sets.join(', ')}`;
}

/**
 * Whether a pooler keeps track of prepared statements, as PgBouncer does from 1.21 with `max_prepared_statements`: it then gives them
 * names of its own. Otherwise a name belongs to a session, which meets it again without the statement, or with another one's.
 */
async function keepsNames(client: pg.ClientBase): Promise<boolean> {
  const name = `arkloop_${randomUUID()}`;
  // Sent together: each wait for an answer is one more in which a session of the pooler is held.
  const [, , { rowCount }] = await Promise.all([
    client.query('begin'),
    client.query({ name, text: 'select 1' }),
    client.query('select from pg_prepared_statements where name = $1', [name]),
  ]);
  await client.query(rowCount ? `deallocate ${pg.escapeIdentifier(name)}; rollback` : 'rollback');
  return rowCount === 0;
}

/** Parse each statement anew. */
function forgetNames(client: pg.ClientBase) {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const isNamed = (asked: unknown): asked is pg.QueryConfig => typeof asked === 'object' && asked !== null && 'name' in asked;
  Object.assign(client, {
    query: (asked: unknown, ...rest: unknown[]) => query(isNamed(asked) ? { ...asked, name: undefined } : asked, ...rest),
  });
}

/** Settings of a session that are not as they should be; empty when all are. */
export async function settingsAmiss(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<Record<string, string>>(
    `select ${names.map((name) => `current_setting('${name}') as "${name}"`).join(', ')}`,
  );
  return names.flatMap((name) => (rows[0]?.[name] === sessionSettings[name] ? [] : [`${name} = '${rows[0]?.[name]}'`]));
}

/** Give the settings to a role in its database, for the sessions that a pooler opens; the role may do that itself. */
export async function giveRoleSettings(client: pg.ClientBase): Promise<void> {
  await client.query('begin');
  try {
    // Two processes that start at once would fail on the same row of the catalog.
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
