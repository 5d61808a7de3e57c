import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { z } from 'zod';
import { isLockTimeout } from '../database/connection/connectionErrors.ts';
import type { Database } from '../database/sql.ts';
import { sqlStatement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { OperationRow } from '../resources/credits/operationQueries.ts';
import { changeCreditsTask, changeNextBatch, queueOperation } from '../resources/credits/operations.ts';
import { readSettings } from '../resources/settings/settings.ts';
import { unlockLostJobs } from './lostJobs.ts';

type ChangeDeps = {
  database: Database;
  log: Log;
  stopping: AbortSignal;
};

/** How long an account that stays locked is left alone, in milliseconds. */
const lockedMs = 500;

const Payload = z.object({ v: z.literal(1), trace_id: z.string(), operation_id: z.guid() });

/** Continues an operation in batches, each in its own transaction. Rejects if the job should be retried. */
export async function changeCredits({ database, log, stopping }: ChangeDeps, payload: unknown): Promise<void> {
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a job that changes credits has a payload this worker does not know');
  const { operation_id: id, trace_id: traceId } = known.data;
  for (let moved: OperationRow | undefined; moved?.state !== 'completed';) {
    if (stopping.aborted) return await queueOperation(database, id, traceId);
    const { 'credit.low_threshold': lowThreshold } = await readSettings(database);
    try {
      // Wrapped in an object: a returned promise would be awaited before the commit is sent.
      const { sent } = await database.transaction(async (tx) => ({ sent: changeNextBatch(tx, id, lowThreshold, { waits: true }) }));
      moved = await sent;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      log.debug({ trace_id: traceId, operation_id: id }, 'an operation on all accounts waits for one that is locked');
      await sleep(lockedMs, undefined, { signal: stopping }).catch(() => {});
      continue;
    }
    if (!moved) return void log.info({ trace_id: traceId, operation_id: id }, 'an operation on all accounts was ended by another worker');
    const { state, done, total } = moved;
    log.debug({ trace_id: traceId, operation_id: id, state, done, total }, 'a part of all accounts was changed');
  }
}

const unlockLost = unlockLostJobs('credit_operations', 'credits');

/**
 * Operations whose job has failed. They are queued again without limit: a partial operation is worse than a late one. A
 * template, because the queue's tables have no types.
 */
const selectAbandoned = sqlStatement({ bound: 'administered' })(
  () => sql<{ id: string; trace_id: string }>`
  select o.id, o.trace_id from credit_operations o where o.state = 'running' and not exists (
    select from graphile_worker.jobs j where j.key = 'credits:' || o.id and (j.locked_at is not null or j.attempts = 0))`,
);

/** Unlocks the jobs of dead workers and queues failed operations again. */
export async function recoverCreditOperations(
  database: Database,
  leaseSeconds: number,
  activeJobs: ReadonlySet<string>,
  log: Log,
): Promise<void> {
  await database.rows(unlockLost, { task: changeCreditsTask, leaseSeconds, activeJobs: [...activeJobs] });
  for (const { id, trace_id: traceId } of await database.rows(selectAbandoned)) {
    log.warn({ trace_id: traceId, operation_id: id }, 'an operation on all accounts is queued again');
    await queueOperation(database, id, traceId);
  }
}
