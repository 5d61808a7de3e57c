import { sql } from 'kysely';
import { sqlStatement, statement } from '../database/statement.ts';
import type { Queue, QueuedRun } from '../http/app.ts';
import { traceFields } from './jobSpan.ts';

export const executeRunTask = 'run.execute';

/** The job key of a run. It is unique among open jobs, so a run is never queued twice. */
const runJobKey = (runId: string) => `run:${runId}`;

/** A row of the queue's own table. */
type QueuedJob = {
  key: string | null;
  task_identifier: string;
  priority: number;
  run_at: string;
  locked_at: string | null;
  attempts: number;
  max_attempts: number;
};
export const queuedJobs = sql.table<QueuedJob>('graphile_worker.jobs');

/** A flag of the jobs of runs that are no sub-agents. */
export const rootRunFlag = 'run.root';

const addJob = statement<{ task: string; payload: string; key: string; maxAttempts: number; flags: readonly string[] }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`graphile_worker.add_job(${$.task}::text, payload := ${$.payload}::json, job_key := ${$.key}::text, max_attempts := ${$.maxAttempts}::integer, flags := ${$.flags}::text[])`.as(
      'job',
    ),
  ),
);
/** The rows of the queue, without what the library derives. */
export const heldJobs = sql.table<{ id: string; locked_at: string | null }>('graphile_worker._private_jobs');

/** How long other workers leave the job of a run to the process that has created it, in milliseconds. */
export const heldMs = 2_000;

/** What `add_job` inserts, without its look for an earlier job of the same key, and without a notification. */
const addHeldJob = sqlStatement<{ task: string; payload: string; key: string; maxAttempts: number; flags: readonly string[] }>()<{
  id: string;
}>(
  ($) => sql`
    with "made" as (
      insert into graphile_worker._private_tasks (identifier)
      select ${$.task}::text where not exists (select from graphile_worker._private_tasks where identifier = ${$.task}::text)
      on conflict do nothing
      returning id
    )
    insert into graphile_worker._private_jobs (task_id, payload, run_at, max_attempts, key, flags)
    select t.id, ${$.payload}::json, now() + ${sql.lit(heldMs)} * interval '1 millisecond', ${$.maxAttempts}::smallint, ${$.key}::text,
      (select jsonb_object_agg(flag, true) from unnest(${$.flags}::text[]) flag)
    from (select id from graphile_worker._private_tasks where identifier = ${$.task}::text union all select id from "made") t
    returning id::text as "id"`,
);
const removeJob = statement<{ key: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`graphile_worker.remove_job(${$.key}::text)`.as('job')),
);

const payloadOf = ({ id, account_id, trace_id }: QueuedRun) => ({
  v: 1,
  type: executeRunTask,
  account_id,
  run_id: id,
  ...traceFields(trace_id),
});
const jobOf = ({ id, parent_run_id: parent }: QueuedRun, payload: object) => ({
  task: executeRunTask,
  payload: JSON.stringify(payload),
  key: runJobKey(id),
  flags: parent ? [executeRunTask] : [executeRunTask, rootRunFlag],
});

/** The queue is in the same database, so a job commits with the rows that it refers to. */
export const queue: Queue = {
  async enqueueRun(connection, run, maxAttempts) {
    await connection.rows(addJob, { ...jobOf(run, payloadOf(run)), maxAttempts });
  },
  async enqueueHeldRun(connection, run, maxAttempts) {
    const payload = payloadOf(run);
    const added = await connection.row(addHeldJob, { ...jobOf(run, payload), maxAttempts });
    return { id: added!.id, runId: run.id, payload };
  },
  async dequeueRun(connection, runId) {
    await connection.rows(removeJob, { key: runJobKey(runId) });
  },
};
