import type { Database, Transaction } from '../../../database/sql.ts';
import { newId } from '../../../platform/crypto/ids.ts';
import { lockEndpoint } from '../queries.ts';
import * as queries from '../replayQueries.ts';
import { selectRunnableReplay } from './queries.ts';

/** Deliveries that a replay queues in one transaction, and pending deliveries of an endpoint above which it waits. */
const replayLimits = { batch: 100, maxPending: 100 };

/**
 * Queues the next batch of the oldest replay that can go on. Deliveries and progress commit together, so a replay continues after a crash
 * where it was. Returns false if there was nothing to do.
 */
export async function continueReplay(database: Database, { batch, maxPending } = replayLimits): Promise<boolean> {
  const runnable = await database.row(selectRunnableReplay, { maxPending });
  if (!runnable) return false;
  const key = { accountId: runnable.account_id, endpointId: runnable.endpoint_id };
  return database.transaction((tx) => queueBatch(tx, key, batch));
}

async function queueBatch(tx: Transaction, key: { accountId: string; endpointId: string }, batch: number): Promise<boolean> {
  // The endpoint first, as when it is deleted with its replay.
  const endpoint = await tx.row(lockEndpoint, { accountId: key.accountId, id: key.endpointId });
  const replay = endpoint && (await tx.row(queries.lockRunning, key));
  if (!replay) return false;
  if (!endpoint.enabled) {
    await tx.run(queries.updateProgress, { ...key, queued: 0, cursorAt: null, cursorId: null, status: 'cancelled' });
    return true;
  }
  const ids = Array.from({ length: batch }, newId);
  const { until, only_failed: onlyFailed, cursor_at: cursorAt, cursor_id: cursorId } = replay;
  const replayed = await tx.rows(queries.insertReplayed, { ...key, until, onlyFailed, cursorAt, cursorId, ids });
  const last = replayed.at(-1);
  await tx.run(queries.updateProgress, {
    ...key,
    queued: replayed.length,
    cursorAt: last?.created_at ?? null,
    cursorId: last?.id ?? null,
    status: replayed.length < batch ? 'completed' : 'running',
  });
  return true;
}
