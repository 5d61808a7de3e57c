import type pg from 'pg';
import type { TakenConnection } from './connectionShares.ts';
import { isSkipped, openPacket } from './packets.ts';
import { PreparedQuery, runPrepared } from './preparedQuery.ts';

/** The largest number of statements that a connection takes at once, so that a slow one delays only these. */
const maxStatements = 16;

/** A connection, or the wait for one, and the statements that it has taken. */
type Batch = { connection: Promise<TakenConnection>; taken: number; unanswered: number; isOpen: boolean };

/**
 * Runs statements on connections that they share: those of one turn of the event loop, and those that wait for a connection of the pool, are sent as one
 * packet, and PostgreSQL runs them in sequence, each on a snapshot of its own, and answers them together. If one fails, those behind it are sent again. Sending
 * a statement is the largest cost of a small read, and receiving one is half of its cost in PostgreSQL (docs/guides/performance.md).
 */
export function shareConnections(take: () => Promise<TakenConnection>): (query: PreparedQuery) => Promise<pg.QueryResult> {
  let batch: Batch | undefined;
  return async (query) => {
    if (!batch?.isOpen || batch.taken === maxStatements) batch = openBatch(take);
    const mine = batch;
    mine.taken++;
    mine.unanswered++;
    try {
      const { client } = await mine.connection;
      return await runPrepared(client, query).catch((error) => {
        if (!isSkipped(error)) throw error;
        return runPrepared(client, new PreparedQuery(query));
      });
    } finally {
      if (--mine.unanswered === 0) {
        mine.isOpen = false;
        mine.connection.then(
          ({ release }) => release(),
          () => {},
        );
      }
    }
  };
}

/** Takes a connection. The batch is open until the end of the turn in which the pool provides it. */
function openBatch(take: () => Promise<TakenConnection>): Batch {
  const batch: Batch = { connection: take(), taken: 0, unanswered: 0, isOpen: true };
  batch.connection.then(
    ({ client }) =>
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
