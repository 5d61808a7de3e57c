import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { ToolFailure } from '../tools/tool.ts';
import type { Connection } from './connection.ts';
import { disconnected, isSessionLost } from './failures.ts';

/** `run_id`: the only run that uses the connection, because the server may ask its user. */
export type ServerVersion = Pick<SealedServerRow, 'account_id' | 'id' | 'revision'> & { run_id?: string };

/** The key under which everything about a version is stored. */
export const versionKey = ({ account_id: account, id, revision }: ServerVersion): string => `${account} ${id} ${revision}`;

const connectionKey = (version: ServerVersion): string => `${versionKey(version)} ${version.run_id ?? ''}`;

/** The open connections of a process, one per server version, and per run if the server may ask. A connection is kept for a while after its last use. */
export type ConnectionPool = {
  /**
   * Uses the connection to a server version, replacing a broken one. Retries once in a new session if the server has
   * lost the session.
   */
  use<T>(version: ServerVersion, work: (connection: Connection) => Promise<T>): Promise<T>;
  accounts(): string[];
  /** Closes the connections that only this run uses. */
  closeOf(runId: string): void;
  /** Closes all connections of an account except those to `versions`, including calls in progress. */
  closeAllExcept(accountId: string, versions: readonly ServerVersion[]): void;
  close(): Promise<void>;
};

type Entry = {
  version: ServerVersion;
  opening: Promise<Connection>;
  /** Aborts a connection attempt that is no longer needed. */
  stop: AbortController;
  connection?: Connection;
  users: number;
  retired: boolean;
  idle?: NodeJS.Timeout;
  gone?: Promise<unknown>;
};

type Connect = (version: ServerVersion, signal: AbortSignal) => Promise<Connection>;

/** `idleMs`: how long an unused connection is kept, in milliseconds. `onRetire` is called when a connection of all runs gets no new users. */
type PoolOptions = { idleMs: number; onRetire(version: ServerVersion): void };

export function createConnectionPool(connect: Connect, { idleMs, onRetire }: PoolOptions): ConnectionPool {
  /** Those that get new users. */
  const entries = new Map<string, Entry>();
  /** Also those that are retired but still used. */
  const open = new Set<Entry>();
  const closing = new Set<Promise<unknown>>();
  let closed = false;

  const hangUp = (entry: Entry) => {
    open.delete(entry);
    entry.stop.abort(disconnected());
    if (entry.gone) return;
    entry.gone = entry.opening
      .then((connection) => connection.close())
      .catch(() => undefined)
      .finally(() => closing.delete(entry.gone!));
    closing.add(entry.gone);
  };
  /** Gives the connection to no new user. Current users may finish. */
  const retire = (entry: Entry) => {
    if (entries.get(connectionKey(entry.version)) === entry) entries.delete(connectionKey(entry.version));
    clearTimeout(entry.idle);
    entry.retired = true;
    if (!entry.version.run_id) onRetire(entry.version);
    if (entry.users === 0) hangUp(entry);
  };
  const endWhere = (doomed: (version: ServerVersion) => boolean) => {
    for (const entry of [...open].filter(({ version }) => doomed(version))) {
      retire(entry);
      hangUp(entry);
    }
  };
  const begin = (version: ServerVersion): Entry => {
    const stop = new AbortController();
    const entry: Entry = { version, opening: connect(version, stop.signal), stop, users: 0, retired: false };
    entry.opening.then(
      (connection) => {
        entry.connection = connection;
      },
      () => retire(entry),
    );
    entries.set(connectionKey(version), entry);
    open.add(entry);
    return entry;
  };
  const enter = (version: ServerVersion): Entry => {
    const known = entries.get(connectionKey(version));
    if (known?.connection?.isBroken()) retire(known);
    const entry = entries.get(connectionKey(version)) ?? begin(version);
    clearTimeout(entry.idle);
    entry.users++;
    return entry;
  };
  const leave = (entry: Entry) => {
    entry.users--;
    if (entry.users > 0) return;
    if (entry.retired) hangUp(entry);
    else entry.idle = setTimeout(() => retire(entry), idleMs).unref();
  };

  async function tryOnce<T>(version: ServerVersion, work: (connection: Connection) => Promise<T>): Promise<T> {
    if (closed) throw disconnected();
    const entry = enter(version);
    try {
      return await work(await entry.opening);
    } catch (error) {
      // An HTTP status may mean that the session is lost.
      if (error instanceof ToolFailure && error.details?.status_code !== undefined) retire(entry);
      throw error;
    } finally {
      leave(entry);
    }
  }

  return {
    async use(version, work) {
      try {
        return await tryOnce(version, work);
      } catch (error) {
        // The server did not process the request, so it is safe to repeat in a new session (MCP 2025-06-18, transports).
        if (!isSessionLost(error)) throw error;
        return tryOnce(version, work);
      }
    },
    accounts: () => [...new Set([...open].map(({ version }) => version.account_id))],
    closeAllExcept(accountId, versions) {
      const kept = new Set(versions.map(versionKey));
      endWhere((version) => version.account_id === accountId && !kept.has(versionKey(version)));
    },
    closeOf: (runId) => endWhere((version) => version.run_id === runId),
    async close() {
      closed = true;
      endWhere(() => true);
      await Promise.all(closing);
    },
  };
}
