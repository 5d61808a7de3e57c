import type { Database, Transaction } from '../../../database/sql.ts';
import { newId } from '../../../platform/crypto/ids.ts';
import { lockEndpoint } from '../queries.ts';
import * as queries from '../replayQueries.ts';
import { selectRunnableReplay } from './queries.ts';

/** Deliveries that a replay queues in one transaction, and pending deliveries of an endpoint above which it waits. */
const replayLimits = { batch: 100, maxPending: 100 };

/**
 * Queues the next batch of a replay that can go on. Deliveries and progress commit together, so a replay continues after a crash where it was.
 * Returns false if there was nothing to do.
 */
export async function continueReplay(database: Database, { batch, maxPending } = replayLimits): Promise<boolean> {
  const replay = await database.row(selectRunnableReplay, { maxPending });
  if (!replay) return false;
  const { account_id: accountId, endpoint_id: endpointId, until, only_failed: onlyFailed } = replay;
  const { cursor_at: cursorAt, cursor_id: cursorId, created_at: createdAt } = replay;
  // Takes long if few of many deliveries match: before the locks, for which recording results waits.
  const next = await database.rows(queries.selectReplayed, { accountId, endpointId, until, onlyFailed, cursorAt, cursorId, limit: batch });
  await database.transaction((tx) => queue(tx, { accountId, endpointId, createdAt, cursorId }, next, next.length < batch));
  return true;
}

type Stage = { accountId: string; endpointId: string; createdAt: string; cursorId: string };

async function queue(tx: Transaction, stage: Stage, next: readonly { id: string; created_at: string }[], isLast: boolean): Promise<void> {
  const { accountId, endpointId } = stage;
  // The endpoint first, as when it is deleted or disabled with its replay.
  await tx.row(lockEndpoint, { accountId, id: endpointId });
  if (!(await tx.row(queries.lockStage, stage))) return;
  const queued = await tx.run(queries.insertReplayed, {
    accountId,
    endpointId,
    originals: next.map(({ id }) => id),
    ids: next.map(() => newId()),
  });
  const last = next.at(-1);
  await tx.run(queries.updateProgress, {
    ...{ accountId, endpointId, queued },
    cursorAt: last?.created_at ?? null,
    cursorId: last?.id ?? null,
    status: isLast ? 'completed' : 'running',
  });
}
