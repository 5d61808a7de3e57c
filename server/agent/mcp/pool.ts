import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { ToolFailure } from '../tools/tool.ts';
import type { Connection } from './connection.ts';
import { disconnected, isSessionLost } from './failures.ts';

/** One version of a server. */
export type Version = Pick<SealedServerRow, 'account_id' | 'id' | 'revision'>;

/** The name of a version: whatever is kept of it is kept under this. */
export const keyOf = ({ account_id: account, id, revision }: Version): string => `${account} ${id} ${revision}`;

/** The open connections of a process: one for each version of a server, while it is in use and a while longer. */
export type Pool = {
  /**
   * Do something with the connection to a server; one that is broken is replaced first. What is refused because the server has lost the session
   * is done once more in a new one.
   */
  use<T>(version: Version, work: (connection: Connection) => Promise<T>): Promise<T>;
  /** The accounts that have connections. */
  accounts(): string[];
  /** End the connections of an account but those to the versions named, whatever is under way there. */
  keepOnly(accountId: string, versions: readonly Version[]): void;
  close(): Promise<void>;
};

type Entry = {
  version: Version;
  opening: Promise<Connection>;
  /** Ends an opening that nobody waits for any more. */
  stop: AbortController;
  /** Once it is open. */
  connection?: Connection;
  users: number;
  retired: boolean;
  idle?: NodeJS.Timeout;
  gone?: Promise<unknown>;
};

type Open = (version: Version, signal: AbortSignal) => Promise<Connection>;

/** An unused connection is closed after `idleMs` milliseconds; `onRetire` is told when one is used no more. */
type PoolOptions = { idleMs: number; onRetire(version: Version): void };

/** Connections are made by `open`, until its signal is aborted. */
export function createPool(open: Open, { idleMs, onRetire }: PoolOptions): Pool {
  const entries = new Map<string, Entry>();
  const closing = new Set<Promise<unknown>>();
  let closed = false;

  const hangUp = (entry: Entry) => {
    entry.stop.abort(disconnected());
    entry.gone ??= entry.opening
      .then((connection) => connection.close())
      .catch(() => undefined)
      .finally(() => closing.delete(entry.gone!));
    closing.add(entry.gone);
  };
  /** Nobody gets this connection any more; those that have it may finish. */
  const retire = (entry: Entry) => {
    if (entries.get(keyOf(entry.version)) === entry) entries.delete(keyOf(entry.version));
    clearTimeout(entry.idle);
    entry.retired = true;
    onRetire(entry.version);
    if (entry.users === 0) hangUp(entry);
  };
  const endWhere = (doomed: (version: Version) => boolean) => {
    for (const entry of [...entries.values()].filter(({ version }) => doomed(version))) {
      retire(entry);
      hangUp(entry);
    }
  };
  const begin = (version: Version): Entry => {
    const stop = new AbortController();
    const entry: Entry = { version, opening: open(version, stop.signal), stop, users: 0, retired: false };
    entry.opening.then(
      (connection) => {
        entry.connection = connection;
      },
      () => retire(entry),
    );
    entries.set(keyOf(version), entry);
    return entry;
  };
  const enter = (version: Version): Entry => {
    const known = entries.get(keyOf(version));
    if (known?.connection?.broken()) retire(known);
    const entry = entries.get(keyOf(version)) ?? begin(version);
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

  async function tryOnce<T>(version: Version, work: (connection: Connection) => Promise<T>): Promise<T> {
    if (closed) throw disconnected();
    const entry = enter(version);
    try {
      return await work(await entry.opening);
    } catch (error) {
      // An HTTP status may mean that the session is gone.
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
        // The server did not look at the request: a new session is opened, and it is repeated (MCP 2025-06-18, transports).
        if (!isSessionLost(error)) throw error;
        return tryOnce(version, work);
      }
    },
    accounts: () => [...new Set([...entries.values()].map(({ version }) => version.account_id))],
    keepOnly(accountId, versions) {
      const kept = new Set(versions.map(keyOf));
      endWhere((version) => version.account_id === accountId && !kept.has(keyOf(version)));
    },
    async close() {
      closed = true;
      endWhere(() => true);
      await Promise.all(closing);
    },
  };
}
