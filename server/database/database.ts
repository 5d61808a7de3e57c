import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Log } from '../platform/telemetry/log.ts';
import { withoutSpan } from '../platform/telemetry/spans.ts';
import { type CommitCheck, createCommitCheck, identifyText, type TransactionId } from './connection/commitCheck.ts';
import { isConnectionLost, isLockTimeout, isReferenceMissing, isTransactionConflict } from './connection/connectionErrors.ts';
import {
  type ConnectionShares,
  processShare,
  type Share,
  shareConnectionsOf,
  shortReadShare,
  type TakenConnection,
} from './connection/connectionShares.ts';
import { isFollowUp, isSkipped, openPacket, sendPacket } from './connection/packets.ts';
import { PreparedQuery, runPrepared } from './connection/preparedQuery.ts';
import { prepareConnection } from './connection/sessionSettings.ts';
import { shareConnections } from './connection/sharedConnections.ts';
import { type SharedFlushes, shareFlushes } from './connection/sharedFlushes.ts';
import type { Database, Queryable, SharedDatabase, Transaction, TransactionOptions } from './sql.ts';
import { bindValues, type Statement } from './statement.ts';

export type DatabaseOptions = {
  max: number;
  min?: number;
  log: Log;
  applicationName: string;
  /** How long a query waits for a free connection, in milliseconds. Then it fails. */
  maxWaitMs?: number;
};

const types = new pg.TypeOverrides();
// Times stay text: a Date for each row quadruples the cost of serialization. They arrive as ISO in the time zone of the session, which is UTC.
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, isoTime);
types.setTypeParser(pg.types.builtins.INT8, Number);
types.setTypeParser(pg.types.builtins.NUMERIC, Number);

/** Converts `2026-01-02 03:04:05.6+00` to RFC 3339 with exactly three fraction digits. Without a pattern, which takes twice as long. */
function isoTime(text: string): string {
  if (text.charAt(10) !== ' ' || !text.endsWith('+00')) return new Date(text).toISOString();
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).slice(0, 3).padEnd(3, '0')}Z`;
}

/** How long `close` waits for the sockets of the pool to end, in milliseconds. */
const maxGoodbyeMs = 1_000;

/** The open pools of this process, for metrics. */
export const activePools = new Set<{ name: string; pool: pg.Pool; /** How many wait for a connection. */ waiting(): number }>();

/**
 * Limits on a connection whose other side disappeared without closing it, as after a failover or in a firewall that lost its state. Without them, its
 * queries wait until the operating system gives up, about 15 minutes on Linux, and the pool runs out of connections. A query may wait for a lock
 * and run until the server ends it (`statement_timeout`, `lock_timeout`), so the client waits longer than both together.
 */
export const silenceLimits = {
  query_timeout: 20_000,
  keepAlive: true,
  // The first probe of an idle connection. Node.js sends ten, one per second.
  keepAliveInitialDelayMillis: 10_000,
  // The driver ends the connection of a query that timed out only if it may have sent further queries.
  pipeline: true,
} as const;

/** Opens the pool. Nothing connects before the first query. */
export function openDatabase(url: string, { max, min = 0, log, applicationName, maxWaitMs = 2_000 }: DatabaseOptions): Database {
  const connection = { connectionString: url, application_name: applicationName, connectionTimeoutMillis: maxWaitMs, ...silenceLimits };
  const pool = new pg.Pool({
    ...connection,
    max,
    min,
    types,
    idleTimeoutMillis: 60_000,
    // pg-pool awaits the promise, although its types do not say so.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: prepareConnection,
  });
  // Without a listener, a lost connection ends the process. It does not belong to the span of the request that opened it.
  const onBroken = (err: Error) => withoutSpan(() => log.debug({ err }, 'a database connection broke'));
  const connect = async () => {
    const client = new pg.Client({ ...connection, types });
    client.on('error', onBroken);
    await client.connect();
    return client;
  };
  const flushes = shareFlushes(async () => {
    const client = await connect();
    if (await prepareConnection(client)) return client;
    await client.end();
    return undefined;
  });
  const shares = shareConnectionsOf(pool, maxWaitMs);
  const transactions: Transactions = { shares, flushes, isCommitted: createCommitCheck(connect), open: 0 };
  const runShort = shareConnections(() => shares.take(shortReadShare));
  const of = (share: Share): SharedDatabase => ({
    ...createQueryable((query) => runAlone(shares, share, query), runShort),
    transaction: (work, options = {}) => repeat(share, (attempt) => transact(transactions, { ...options, share, attempt }, work)),
  });
  const connected = new Set<pg.PoolClient>();
  let closing = false;
  pool.on('error', (err) => withoutSpan(() => log[closing ? 'debug' : 'warn']({ err }, 'a database connection was lost')));
  pool.on('connect', (client) => {
    client.on('error', onBroken);
    connected.add(client);
    client.once('end', () => connected.delete(client));
  });
  const known = { name: applicationName.replace('arkloop ', ''), pool, waiting: shares.waiting };
  activePools.add(known);
  return {
    pool,
    ...of(processShare),
    of,
    together: (share = processShare) => createQueryable(shareConnections(() => shares.take(share))),
    async connect() {
      const client = await connect();
      try {
        await prepareConnection(client);
        return client;
      } catch (error) {
        client.end().catch(() => {});
        throw error;
      }
    },
    async close() {
      closing = true;
      activePools.delete(known);
      await Promise.all([pool.end(), flushes.close()]);
      // `pool.end` does not wait for the sockets. If the server stopped meanwhile, the connections would be reported as lost.
      for (const until = performance.now() + maxGoodbyeMs; connected.size > 0 && performance.now() < until;) await sleep(5);
    },
  };
}

/** Runs statements on one connection. */
export const queryableOf = (client: pg.ClientBase): Queryable => createQueryable((query) => runPrepared(client, query));

type RunQuery = (query: PreparedQuery, statement: Statement<never, unknown>) => Promise<pg.QueryResult>;

function createQueryable(run: RunQuery, runShort = run): Queryable {
  const send = (statement: Statement<never, unknown>, given: object = {}) =>
    (statement.isShort ? runShort : run)(
      new PreparedQuery({ name: statement.name, text: statement.text, values: bindValues(statement, given as never) }),
      statement,
    );
  return {
    rows: async <Row>(statement: Statement<never, Row>, values?: object) => (await send(statement, values)).rows as Row[],
    row: async <Row>(statement: Statement<never, Row>, values?: object) => (await send(statement, values)).rows[0] as Row | undefined,
    run: async (statement: Statement<never, unknown>, values?: object) => (await send(statement, values)).rowCount ?? 0,
  };
}

async function runAlone(shares: ConnectionShares, share: Share, query: PreparedQuery): Promise<pg.QueryResult> {
  const { client, release } = await shares.take(share);
  let broken: Error | undefined;
  try {
    return await runPrepared(client, query);
  } catch (error) {
    // After a query that got no answer, the driver would use the connection again.
    if (isConnectionLost(error)) broken = error as Error;
    throw error;
  } finally {
    release(broken);
  }
}

type Transactions = {
  readonly shares: ConnectionShares;
  readonly flushes: SharedFlushes;
  readonly isCommitted: CommitCheck;
  /** Those of this process. */
  open: number;
};
type Attempt = TransactionOptions & Pick<Transaction, 'attempt'> & { share: Share };

/**
 * Runs a transaction on one connection. The first statement takes the connection from the pool and begins the transaction. Without a statement,
 * nothing is sent. Beside other transactions, it holds its locks and its connection until it is committed, and then waits for the disk together with them.
 * If the answer to its commit is lost, PostgreSQL is asked whether it is committed.
 */
async function transact<T>(transactions: Transactions, attempt: Attempt, work: (tx: Transaction) => Promise<T>): Promise<T> {
  transactions.open++;
  try {
    const { result, id, callbacks, flush, lost } = await workAndCommit(transactions, attempt, work);
    const error = lost ?? (await flush?.().then(() => undefined, asError));
    const isCommitted = !error || (id && (await transactions.isCommitted(id).catch(() => undefined)));
    if (isCommitted === false) throw error;
    for (const then of callbacks) then();
    if (!isCommitted) throw error;
    return result;
  } finally {
    transactions.open--;
  }
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/** `lost` is the error of a connection that broke before it answered the commit. */
async function workAndCommit<T>(transactions: Transactions, { attempt, mayBeLost, share }: Attempt, work: (tx: Transaction) => Promise<T>) {
  const { shares, flushes } = transactions;
  let opening: Promise<TakenConnection> | undefined;
  let id: TransactionId | undefined;
  const maySkipDisk = (flush: unknown) => mayBeLost === true || flush !== undefined;
  const currentFlush = () => (!mayBeLost && transactions.open > 1 ? flushes.current() : undefined);
  /** Whether the commit does not wait for the disk. Guessed at the beginning, which saves a statement if that turns out right. */
  let isAsynchronous = false;
  const underway: Promise<unknown>[] = [];
  const callbacks: (() => void)[] = [];
  const open = () => {
    opening ??= shares.take(share).then((taken) => {
      const { client } = taken;
      openPacket(client, process.nextTick);
      // Not awaited: both are sent together with the first statement.
      runPrepared(client, control('begin')).catch(() => {});
      isAsynchronous = maySkipDisk(currentFlush());
      runPrepared(client, identify(isAsynchronous)).then(
        ({ rows }) => {
          id = rows[0];
        },
        () => {},
      );
      return taken;
    });
    return opening;
  };
  let isOver = false;
  let needsSynchronousCommit = false;
  /** Why the statements behind one that has failed were not executed. They may be rejected before it. */
  let firstError: unknown;
  const run = async (query: PreparedQuery, statement: Statement<never, unknown>) => {
    needsSynchronousCommit ||= statement.needsSynchronousCommit;
    const { client } = await open();
    if (isOver) throw new Error('a statement came after the end of its transaction');
    openPacket(client, process.nextTick);
    return runPrepared(client, query).catch((error: unknown) => {
      if (!isFollowUp(error)) firstError ??= error;
      throw error;
    });
  };
  const tx: Transaction = {
    ...createQueryable(run),
    attempt,
    awaitAtCommit(sent) {
      sent.catch(() => {});
      underway.push(sent);
    },
    afterCommit: (then) => void callbacks.push(then),
  };
  let broken: Error | undefined;
  try {
    const result = await work(tx);
    const client = (await opening)?.client;
    isOver = true;
    const flush = client && !needsSynchronousCommit ? currentFlush() : undefined;
    if (client) {
      openPacket(client, process.nextTick);
      if (maySkipDisk(flush) !== isAsynchronous) underway.push(runPrepared(client, control(isAsynchronous ? waitForDisk : skipDisk)));
      broken = await commit(client, underway);
    }
    return { result, id, callbacks, flush, lost: broken };
  } catch (error) {
    const client = (await opening?.catch(() => undefined))?.client;
    isOver = true;
    if (client) {
      // If a statement of the open packet fails, PostgreSQL skips the rest of it.
      sendPacket(client);
      await runPrepared(client, control('rollback')).catch((failed: Error) => {
        broken = failed;
      });
    }
    throw isFollowUp(error) ? (firstError ?? error) : error;
  } finally {
    (await opening?.catch(() => undefined))?.release(broken);
  }
}

const control = (text: string) => new PreparedQuery({ name: text, text, values: [] });
const [waitForDisk, skipDisk] = ['set local synchronous_commit = on', 'set local synchronous_commit = off'];

const identify = (isAsynchronous: boolean) =>
  isAsynchronous
    ? new PreparedQuery({
        name: 'identify asynchronous',
        text: `${identifyText}, set_config('synchronous_commit', 'off', true)`,
        values: [],
      })
    : new PreparedQuery({ name: 'identify', text: identifyText, values: [] });

/**
 * Throws if nothing was committed. Returns the error of a connection that broke before PostgreSQL had answered. PostgreSQL answers the commit of a failed
 * transaction with ROLLBACK, not with an error.
 */
async function commit(client: pg.PoolClient, underway: readonly Promise<unknown>[]) {
  const [committed, ...sent] = await Promise.allSettled([runPrepared(client, control('commit')), ...underway]);
  const errors = [committed, ...sent].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (committed.status === 'rejected' && !errors.some(isRejection)) return asError(committed.reason);
  if (errors.length > 0) throw errors.find((error) => !isFollowUp(error)) ?? errors[0];
  const { command } = (committed as PromiseFulfilledResult<pg.QueryResult>).value;
  if (command !== 'COMMIT') throw new Error('a statement of the transaction failed, so nothing was committed');
  return undefined;
}

/** Whether PostgreSQL has rejected a statement, rather than ended the connection. */
const isRejection = (error: unknown) => isSkipped(error) || (error instanceof pg.DatabaseError && error.severity === 'ERROR');

/** A share that is patient waits again for a lock that was not available in time, without a connection in between. */
async function repeat<T>({ kind: { isPatient } }: Share, work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      const mayRepeat = isTransactionConflict(error) || isReferenceMissing(error) || (isPatient && isLockTimeout(error));
      if (attempt === 3 || !mayRepeat) throw error;
      await new Promise((done) => setTimeout(done, Math.random() * 20 * attempt));
    }
  }
}
