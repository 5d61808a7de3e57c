import type { Bell } from '../kernel/app.ts';
import { type Database, statement } from '../kernel/sql.ts';

/** The channel on which new events of runs are announced. */
export const runChannel = 'arkloop_runs';
/** The channel on which changed access of users is announced. */
export const accessChannel = 'arkloop_access';

// An announcement says nothing that has to outlive a crash, so its commit does not wait for the disk.
const notify = statement<unknown>(`select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`);

// A payload may hold 8 000 bytes: 200 ids of 36 and a comma each.
const mostIds = 200;

/** Announces runs with new events. Outside the writing transaction, because a notification takes a lock that all writers share; coalesced for the same reason. */
export function createBell(database: Database, onError: (error: unknown) => void): Bell {
  const waiting = new Set<string>();
  let sending = false;
  async function flush() {
    sending = true;
    try {
      while (waiting.size > 0) {
        const ids = [...waiting].slice(0, mostIds);
        for (const id of ids) waiting.delete(id);
        await database.rows(notify, [runChannel, ids.join(',')]);
      }
    } finally {
      sending = false;
    }
  }
  return {
    ring(runId) {
      waiting.add(runId);
      // Readers poll, so a lost notification only delays an event.
      if (!sending) flush().catch(onError);
    },
  };
}

/** Tell the other processes that what they know of a user is old. */
export const announceAccess = (database: Database, onError: (error: unknown) => void) => (userId: string) =>
  void database.rows(notify, [accessChannel, userId]).catch(onError);
