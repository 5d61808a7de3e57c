import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { ScheduleKey } from './queries.ts';

export const runScheduleTask = 'schedule.run';

/** The job key of a schedule. It is unique among open jobs, so that a schedule has one that waits. */
const jobKey = (id: string) => `schedule:${id}`;

const addJob = statement<{ task: string; payload: string; key: string; at: string | null; delaySeconds: number }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`graphile_worker.add_job(${$.task}::text, payload := ${$.payload}::json, job_key := ${$.key}::text, max_attempts := 3, flags := array[${$.task}::text],
      run_at := coalesce(${$.at}::timestamptz, clock_timestamp() + ${$.delaySeconds}::float8 * interval '1 second'))`.as('job'),
  ),
);
const removeJob = statement<{ key: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`graphile_worker.remove_job(${$.key}::text)`.as('job')),
);

/** Queues the next look at a schedule, in place of an earlier one: at a time, or after a delay. */
export async function queueSchedule(
  tx: Queryable,
  { accountId, id }: ScheduleKey,
  { at = null, delaySeconds = 0 }: { at?: string | null; delaySeconds?: number },
): Promise<void> {
  const payload = JSON.stringify({ v: 1, type: runScheduleTask, account_id: accountId, schedule_id: id });
  await tx.rows(addJob, { task: runScheduleTask, payload, key: jobKey(id), at, delaySeconds });
}

export const dequeueSchedule = async (tx: Queryable, id: string): Promise<void> => {
  await tx.rows(removeJob, { key: jobKey(id) });
};
