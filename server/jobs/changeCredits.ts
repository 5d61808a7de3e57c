import { z } from 'zod';
import type { Log } from '../kernel/log.ts';
import { type Database, statement } from '../kernel/sql.ts';
import type { OperationRow } from '../resources/credits/operationQueries.ts';
import { changeCreditsTask, queueOperation, sendBatch } from '../resources/credits/operations.ts';

type ChangeDeps = {
  database: Database;
  log: Log;
  /** Aborted when the process stops. */
  stopping: AbortSignal;
};

const Payload = z.object({ v: z.literal(1), trace_id: z.string(), operation_id: z.guid() });

/** Go on with the operation of a job, a batch in a transaction, from where it was left. Rejects when another attempt should go on. */
export async function changeCredits({ database, log, stopping }: ChangeDeps, payload: unknown): Promise<void> {
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a job that changes credits has a payload this worker does not know');
  const { operation_id: id, trace_id: traceId } = known.data;
  for (let moved: OperationRow | undefined; moved?.state !== 'completed'; ) {
    if (stopping.aborted) return await queueOperation(database, id, traceId);
    // In an object: a promise that a transaction returns would be waited for before the commit is sent.
    const { sent } = await database.transaction(async (tx) => ({ sent: sendBatch(tx, id) }));
    moved = await sent;
    if (!moved) return void log.info({ trace_id: traceId, operation_id: id }, 'an operation on all accounts was ended by another worker');
    const { state, done, total } = moved;
    log.debug({ trace_id: traceId, operation_id: id, state, done, total }, 'a part of all accounts was changed');
  }
}

/** A worker that neither took the job nor moved the operation for $2 seconds is dead: its job is for others. Excludes the jobs $3 of this worker. */
const unlockLost = statement<unknown>(`
  select graphile_worker.force_unlock_workers(array_agg(j.locked_by)) from graphile_worker.jobs j
  left join credit_operations o on j.key = 'credits:' || o.id
  where j.task_identifier = $1 and j.id <> all ($3::bigint[]) and j.locked_at < now() - $2 * interval '1 second'
    and coalesce(o.moved_at, j.locked_at) < now() - $2 * interval '1 second' having count(*) > 0`);

/** An operation that is half done is gone on with for as long as it takes: one whose job has failed is queued anew. */
const selectAbandoned = statement<{ id: string; trace_id: string }>(`
  select o.id, o.trace_id from credit_operations o where o.state = 'running' and not exists (
    select from graphile_worker.jobs j where j.key = 'credits:' || o.id and (j.locked_at is not null or j.attempts = 0))`);

/** Give the jobs of dead workers to others, and go on with what has failed. */
export async function tendCreditOperations(
  database: Database,
  leaseSeconds: number,
  activeJobs: ReadonlySet<string>,
  log: Log,
): Promise<void> {
  await database.rows(unlockLost, [changeCreditsTask, leaseSeconds, [...activeJobs]]);
  for (const { id, trace_id: traceId } of await database.rows(selectAbandoned)) {
    log.warn({ trace_id: traceId, operation_id: id }, 'an operation on all accounts is queued again');
    await queueOperation(database, id, traceId);
  }
}
