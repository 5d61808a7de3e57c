import type { Queue } from '../kernel/app.ts';
import { statement } from '../kernel/sql.ts';
import { traceFacts } from './jobSpan.ts';

/** The name of the job that executes a run. */
export const executeRunTask = 'run.execute';

/** The key of a run's job: no two open jobs can have it, so a run is never queued twice. */
export const runJobKey = (runId: string) => `run:${runId}`;

const addJob = statement<unknown>(
  `select graphile_worker.add_job($1, payload := $2::json, job_key := $3, max_attempts := $4, flags := array[$1])`,
);
const removeJob = statement<unknown>('select graphile_worker.remove_job($1)');

/** The queue lives in the same database, so a job commits with the rows it is about. */
export const queue: Queue = {
  async executeRun(sql, { id, account_id, trace_id }, maxAttempts) {
    const payload = { v: 1, type: executeRunTask, account_id, run_id: id, ...traceFacts(trace_id) };
    await sql.rows(addJob, [executeRunTask, JSON.stringify(payload), runJobKey(id), maxAttempts]);
  },
  async withdrawRun(sql, runId) {
    await sql.rows(removeJob, [runJobKey(runId)]);
  },
};
