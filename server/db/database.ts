import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import pg from 'pg';
import type { Log } from '../kernel/log.ts';
import { withinNone } from '../kernel/spans.ts';
import type { Database, Sql, Statement, Transaction } from '../kernel/sql.ts';
import { entityManagers } from './orm.ts';
import { prepareConnection } from './session.ts';

export type DatabaseOptions = { max: number; min?: number; log: Log; applicationName: string };

const types = new pg.TypeOverrides();
// Times stay text, because a Date for each row costs four times the serialisation; the driver prints ISO with the session's zone, which is UTC.
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, isoTime);
types.setTypeParser(pg.types.builtins.INT8, Number);
types.setTypeParser(pg.types.builtins.NUMERIC, Number);

/** `2026-01-02 03:04:05.6+00` as RFC 3339 with exactly three fraction digits. */
function isoTime(text: string): string {
  const [, seconds, fraction = ''] = /^(.{19})(?:\.(\d+))?\+00$/.exec(text) ?? [];
  return seconds === undefined ? new Date(text).toISOString() : `${seconds.replace(' ', 'T')}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
}

/** How long the sockets of a closed pool may take to end, in milliseconds. */
const maxGoodbyeMs = 1_000;

/** The pools of this process, for whoever watches them. */
export const openPools = new Set<{ name: string; pool: pg.Pool }>();

/** Open the pool. Nothing connects before the first query. */
export function openDatabase(url: string, { max, min = 0, log, applicationName }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    min,
    types,
    application_name: applicationName,
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    pipeline: true,
    // pg-pool waits for the promise; its types do not say so.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: prepareConnection,
  });
  const connected = new Set<pg.PoolClient>();
  let closing = false;
  // Without these two listeners a restart of PostgreSQL ends the process.
  // A lost connection does not belong to the span of the request that opened it.
  pool.on('error', (err) => withinNone(() => log[closing ? 'debug' : 'warn']({ err }, 'a database connection was lost')));
  pool.on('connect', (client) => {
    client.on('error', (err: Error) => withinNone(() => log.debug({ err }, 'a database connection broke')));
    connected.add(client);
    client.once('end', () => connected.delete(client));
  });
  const known = { name: applicationName.replace('arkloop ', ''), pool };
  openPools.add(known);
  const managers = entityManagers(pool);
  return {
    pool,
    ...sqlOf({ query: (config) => pool.query(config as pg.QueryConfig) }),
    transaction: (work, accountId) => repeatOnConflict(() => transact(pool, (client) => managers(client, accountId), work)),
    async close() {
      closing = true;
      openPools.delete(known);
      await pool.end();
      // The pool does not wait for its sockets: a server that stops meanwhile would be reported as lost.
      for (const until = Date.now() + maxGoodbyeMs; connected.size > 0 && Date.now() < until; ) await sleep(5);
    },
  };
}

/** The statements of one connection or of the pool. */
export function sqlOf({ query }: { query: (config: object) => Promise<pg.QueryResult> }): Sql {
  const send = ({ name, text }: Statement<unknown>, values: readonly unknown[] = []) => query({ name, text, values });
  return {
    rows: async <Row>(statement: Statement<Row>, values?: readonly unknown[]) => (await send(statement, values)).rows as Row[],
    row: async <Row>(statement: Statement<Row>, values?: readonly unknown[]) => (await send(statement, values)).rows[0] as Row | undefined,
    run: async (statement, values) => (await send(statement, values)).rowCount ?? 0,
  };
}

/** One transaction on one connection, taken from the pool and begun by the first statement; without any, nothing happens. */
async function transact<T>(
  pool: pg.Pool,
  unitOfWork: (client: pg.PoolClient) => Promise<EntityManager>,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  let opening: Promise<pg.PoolClient> | undefined;
  let em: EntityManager | undefined;
  const underway: Promise<unknown>[] = [];
  const open = () => {
    opening ??= pool.connect().then((client) => {
      sendTogether(client);
      // Not awaited: `begin` travels together with the first statement.
      client.query('begin').catch(() => {});
      return client;
    });
    return opening;
  };
  let isOver = false;
  const query = async (config: object) => {
    const client = await open();
    if (isOver) throw new Error('a statement came after the end of its transaction');
    sendTogether(client);
    return client.query(config as pg.QueryConfig);
  };
  const tx: Transaction = {
    ...sqlOf({ query }),
    em: async () => (em ??= await unitOfWork(await open())),
    withCommit(sent) {
      sent.catch(() => {});
      underway.push(sent);
    },
  };
  let broken: Error | undefined;
  try {
    const result = await work(tx);
    await em?.flush();
    const client = await opening;
    isOver = true;
    if (client) await commit(client, underway);
    return result;
  } catch (error) {
    const client = await opening?.catch(() => undefined);
    isOver = true;
    await client?.query('rollback').catch((failed: Error) => {
      broken = failed;
    });
    throw error;
  } finally {
    (await opening?.catch(() => undefined))?.release(broken);
  }
}

/** PostgreSQL answers the commit of a transaction in which something failed with a rollback, and calls that no error. */
async function commit(client: pg.PoolClient, underway: readonly Promise<unknown>[]) {
  const [committed, ...sent] = await Promise.allSettled([client.query('commit'), ...underway]);
  const errors = [committed, ...sent].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  // The first failure makes all later statements of the transaction fail with this code.
  if (errors.length > 0) throw errors.find(({ code }) => code !== '25P02') ?? errors[0];
  const { command } = (committed as PromiseFulfilledResult<pg.QueryResult>).value;
  if (command !== 'COMMIT') throw new Error('a statement of the transaction failed, so nothing was committed');
}

/** What is written to a connection in this turn of the event loop leaves in one packet (measured: a system call is a fifth of a small write). */
function sendTogether(client: pg.PoolClient) {
  // The driver's types leave its socket out.
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

async function repeatOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const { code } = error as { code?: string };
      if (attempt === 3 || (code !== '40001' && code !== '40P01')) throw error;
      await new Promise((done) => setTimeout(done, Math.random() * 20 * attempt));
    }
  }
}
