import type pg from 'pg';
import { shareNext } from '../../platform/shareNext.ts';

/** Waits until everything that was committed before the call, and after the connection of the flush was opened, is on disk. Rejects after `flushMs`. */
type Flush = () => Promise<unknown>;

export type SharedFlushes = {
  /** A flush whose connection is open. Undefined if there is none, or not yet. */
  current(): Flush | undefined;
  close(): Promise<void>;
};

/** Writes a small record of the write-ahead log in a transaction of its own, whose commit waits until the log is on disk up to it. */
export const flushText = `select pg_logical_emit_message(true, 'arkloop', '')`;

/** How long a flush may take, in milliseconds. Then its connection is closed, and another one is opened for the next transactions. */
const flushMs = 2_000;

/** How long after a failed attempt to open the connection the next one is made, in milliseconds. */
const retryMs = 10_000;

/**
 * Lets transactions wait for the disk together. They are committed with `synchronous_commit = off`, which releases their locks and connections, and then wait
 * for one flush. Its connection must have been opened before the commit is sent: one that is opened later may lead to a server that has lost the commit in a
 * crash. Behind a pooler there are no flushes, because its connections outlive those of the server: there, `connect` resolves with undefined.
 */
export function shareFlushes(connect: () => Promise<pg.Client | undefined>): SharedFlushes {
  let current: Flush | undefined;
  let client: pg.Client | undefined;
  let opening: Promise<void> | undefined;
  let openAgainAt = 0;

  async function open() {
    client = await connect();
    openAgainAt = client ? 0 : Number.POSITIVE_INFINITY;
    if (!client) return;
    const opened = client;
    opened.once('end', () => {
      current = undefined;
    });
    const flush = shareNext(() => opened.query({ name: 'flush', text: flushText, query_timeout: flushMs } as pg.QueryConfig), setImmediate);
    await flush();
    current = flush;
  }
  function tryToOpen() {
    if (opening || performance.now() < openAgainAt) return;
    opening = open()
      .catch(async () => {
        openAgainAt = performance.now() + retryMs;
        await client?.end();
      })
      .finally(() => {
        opening = undefined;
      });
  }
  return {
    current() {
      if (!current) tryToOpen();
      return current;
    },
    async close() {
      openAgainAt = Number.POSITIVE_INFINITY;
      await opening;
      await client?.end();
    },
  };
}
