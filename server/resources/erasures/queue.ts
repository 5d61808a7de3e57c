import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';

export const eraseTask = 'account.erase';

export type ErasureKey = { accountId: string; id: string };

/** The job key of an erasure. It is unique among open jobs. */
const jobKey = (id: string) => `erasure:${id}`;

const addJob = statement<{ task: string; payload: string; key: string; at: string | null; delaySeconds: number }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`graphile_worker.add_job(${$.task}::text, payload := ${$.payload}::json, job_key := ${$.key}::text,
      run_at := coalesce(${$.at}::timestamptz, clock_timestamp() + ${$.delaySeconds}::float8 * interval '1 second'))`.as('job'),
  ),
);
const removeJob = statement<{ key: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`graphile_worker.remove_job(${$.key}::text)`.as('job')),
);

/** Queues an erasure, or its rest, in place of an earlier job: at a time, or after a delay. */
export async function queueErasure(
  tx: Queryable,
  { accountId, id }: ErasureKey,
  traceId: string,
  { at = null, delaySeconds = 0 }: { at?: string | null; delaySeconds?: number } = {},
): Promise<void> {
  const payload = JSON.stringify({ v: 1, type: eraseTask, trace_id: traceId, account_id: accountId, erasure_id: id });
  await tx.rows(addJob, { task: eraseTask, payload, key: jobKey(id), at, delaySeconds });
}

export const dequeueErasure = async (tx: Queryable, id: string): Promise<void> => {
  await tx.rows(removeJob, { key: jobKey(id) });
};
