import type pg from 'pg';
import { isSkipped, openPacket } from './packets.ts';
import { PreparedQuery, runPrepared } from './preparedQuery.ts';

/** The largest number of statements that a connection takes at once, so that a slow one delays only these. */
const maxStatements = 16;

/** A connection of the pool, or the wait for one, and the statements that it has taken. */
type Batch = { client: Promise<pg.PoolClient>; taken: number; unanswered: number; isOpen: boolean };

/**
 * Runs statements on connections that they share: those of one turn of the event loop, and those that wait for a connection of the pool, are sent as one
 * packet, and PostgreSQL runs them in sequence, each on a snapshot of its own, and answers them together. If one fails, those behind it are sent again. Sending
 * a statement is the largest cost of a small read, and receiving one is half of its cost in PostgreSQL (docs/guides/performance.md).
 */
export function shareConnections(pool: pg.Pool): (query: PreparedQuery) => Promise<pg.QueryResult> {
  let batch: Batch | undefined;
  return async (query) => {
    if (!batch?.isOpen || batch.taken === maxStatements) batch = openBatch(pool);
    const mine = batch;
    mine.taken++;
    mine.unanswered++;
    try {
      const client = await mine.client;
      return await runPrepared(client, query).catch((error) => {
        if (!isSkipped(error)) throw error;
        return runPrepared(client, new PreparedQuery(query));
      });
    } finally {
      if (--mine.unanswered === 0) {
        mine.isOpen = false;
        mine.client.then(
          (client) => client.release(),
          () => {},
        );
      }
    }
  };
}

/** Takes a connection from the pool. The batch is open until the end of the turn in which the pool provides it. */
function openBatch(pool: pg.Pool): Batch {
  const batch: Batch = { client: pool.connect(), taken: 0, unanswered: 0, isOpen: true };
  batch.client.then(
    (client) =>
      openPacket(client, (send) =>
        setImmediate(() => {
          batch.isOpen = false;
          send();
        }),
      ),
    () => {
      batch.isOpen = false;
    },
  );
  return batch;
}
