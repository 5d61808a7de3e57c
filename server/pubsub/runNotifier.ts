import { sql } from 'kysely';
import type { Database } from '../database/sql.ts';
import { statement } from '../database/statement.ts';

/** Notifies all processes that a run has new events. The notification is a hint; send it after the commit. */
export type RunNotifier = { notify(runId: string): void };

/** The PostgreSQL notification channel of new run events. */
export const runChannel = 'arkloop_runs';
/** The PostgreSQL notification channel of changes to the access of users. */
export const accessChannel = 'arkloop_access';

// A notification need not survive a crash, so its commit does not wait for the disk.
const sendNotification = statement<{ channel: string; payload: string }>()((db, $) =>
  db.selectNoFrom([
    sql<string>`set_config('synchronous_commit', 'off', true)`.as('synchronous_commit'),
    sql<unknown>`pg_notify(${$.channel}, ${$.payload})`.as('notified'),
  ]),
);

// A payload is limited to 8 000 bytes: 200 ids of 36 characters and a comma each.
const maxIdsPerPayload = 200;

/**
 * Sends notifications outside the writing transaction, because a notification takes a lock that all writers share. They are coalesced for the same
 * reason.
 */
export function createRunNotifier(database: Database, onError: (error: unknown) => void): RunNotifier {
  const waiting = new Set<string>();
  let sending = false;
  async function flush() {
    sending = true;
    try {
      while (waiting.size > 0) {
        const ids = [...waiting].slice(0, maxIdsPerPayload);
        for (const id of ids) waiting.delete(id);
        await database.rows(sendNotification, { channel: runChannel, payload: ids.join(',') });
      }
    } finally {
      sending = false;
    }
  }
  return {
    notify(runId) {
      waiting.add(runId);
      // Readers poll, so a lost notification only delays an event.
      if (!sending) flush().catch(onError);
    },
  };
}

/** Notifies all processes that cached data about a user is stale. */
export const createAccessNotifier = (database: Database, onError: (error: unknown) => void) => (userId: string) =>
  void database.rows(sendNotification, { channel: accessChannel, payload: userId }).catch(onError);
