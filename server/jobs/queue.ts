import { sql } from 'kysely';
import { statement } from '../database/statement.ts';
import type { Queue, QueuedRun } from '../http/app.ts';
import { secondsUntilNext } from '../platform/crypto/unopened.ts';
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

type NewJob = { task: string; payload: string; key: string; maxAttempts: number; flags: readonly string[]; waitSeconds: number };

const addJob = statement<NewJob>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`graphile_worker.add_job(${$.task}::text, payload := ${$.payload}::json, job_key := ${$.key}::text, max_attempts := ${$.maxAttempts}::integer, flags := ${$.flags}::text[], run_at := now() + ${$.waitSeconds} * interval '1 second')`.as(
      'job',
    ),
  ),
);
const removeJob = statement<{ key: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`graphile_worker.remove_job(${$.key}::text)`.as('job')),
);

/** Names the span of the request that creates the run. */
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
  payloadOf,
  async enqueueRun(connection, run, maxAttempts, left = 0) {
    const payload = left > 0 ? { ...payloadOf(run), left } : payloadOf(run);
    const waitSeconds = left > 0 ? secondsUntilNext(left - 1) : 0;
    await connection.rows(addJob, { ...jobOf(run, payload), maxAttempts, waitSeconds });
  },
  async dequeueRun(connection, runId) {
    await connection.rows(removeJob, { key: runJobKey(runId) });
  },
};
