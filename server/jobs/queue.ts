import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../database/sql.ts';
import { type Parameters, sqlStatement, statement } from '../database/statement.ts';
import type { Queue, QueuedRun } from '../http/app.ts';
import { secondsUntilNext } from '../platform/crypto/unopened.ts';
import { openStatuses } from '../resources/runs/statuses.ts';
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
/** A flag of the jobs of runs of one account. */
export const accountFlag = (accountId: string) => `account:${accountId}`;

/** The first of an account, which has its turn with those of other accounts, and those that are taken only if no account has a first one. */
const [firstPriority, laterPriority] = [sql.lit(0), sql.lit(1)];

type OwnRun = { accountId: string; runId: string };

/** The oldest due job of the runs of an account. The lookups by key are scalar, so that they are never joined with the whole queue. */
const oldestJob = (accountId: RawBuilder<string>, except = sql``) => {
  const job = sql`(select j.id from graphile_worker._private_jobs j
    where j.key = 'run:' || r.id::text and j.is_available and j.run_at <= clock_timestamp())`;
  return sql<string | null>`(select ${job} from runs r
    where r.account_id = ${accountId} and r.status in (${sql.join(openStatuses)}) and r.lease_token is null and ${job} is not null ${except}
    order by r.created_at limit 1)`;
};
const oldestOther = ({ accountId, runId }: Parameters<OwnRun>) => oldestJob(sql`${accountId}::uuid`, sql`and r.id <> ${runId}::uuid`);

type NewJob = OwnRun & {
  task: string;
  payload: string;
  key: string;
  maxAttempts: number;
  flags: readonly string[];
  waitSeconds: number;
};

// Templates, because the lookup of the oldest job is shared with a recursive walk, which the builder does not support.
const addJob = sqlStatement<NewJob>()(
  ($) => sql<{ job: unknown }>`
  select graphile_worker.add_job(${$.task}::text, payload := ${$.payload}::json, job_key := ${$.key}::text, max_attempts := ${$.maxAttempts}::integer,
    flags := ${$.flags}::text[], run_at := now() + ${$.waitSeconds} * interval '1 second',
    priority := case when ${oldestOther($)} is null then ${firstPriority} else ${laterPriority} end) as job`,
);
/** The time puts the job behind those of the accounts that wait already. */
const giveTurn = sqlStatement<OwnRun>()(
  ($) => sql<never>`
  update graphile_worker._private_jobs j set priority = ${firstPriority}, run_at = clock_timestamp()
  where j.id = ${oldestOther($)} and j.priority = ${laterPriority} and j.is_available`,
);
/**
 * Gives a turn to the oldest job of each account without one: its first job was canceled, its worker died, or two processes queued and took at the same
 * moment. Walks from one account to the next by index, and only while the queue has jobs without a turn.
 */
const giveLostTurns = sqlStatement({ bound: 'batch' })(
  () => sql<never>`
  with recursive owner as (
    (select r.account_id from runs r where r.status in (${sql.join(openStatuses)})
      and exists (select from graphile_worker._private_jobs j where j.priority = ${laterPriority} and j.is_available)
      order by r.account_id limit 1)
    union all
    select next.account_id from owner o cross join lateral (
      select r.account_id from runs r where r.status in (${sql.join(openStatuses)}) and r.account_id > o.account_id
      order by r.account_id limit 1) next),
  first as materialized (select ${oldestJob(sql`o.account_id`)} as id from owner o)
  update graphile_worker._private_jobs j set priority = ${firstPriority}, run_at = clock_timestamp()
  from first where j.id = first.id and j.priority = ${laterPriority} and j.is_available`,
);
const removeJob = statement<{ key: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`graphile_worker.remove_job(${$.key}::text)`.as('job')),
);

/** Call when the job of a run was taken: the next run of its account gets a turn. */
export async function giveNextTurn(connection: Queryable, taken: OwnRun): Promise<void> {
  await connection.run(giveTurn, taken);
}

/** Call at times: accounts that have lost their turn get one. */
export async function repairTurns(connection: Queryable): Promise<void> {
  await connection.run(giveLostTurns);
}

/** Names the span of the request that creates the run. */
const payloadOf = ({ id, account_id, trace_id }: QueuedRun) => ({
  v: 1,
  type: executeRunTask,
  account_id,
  run_id: id,
  ...traceFields(trace_id),
});
const jobOf = ({ id, account_id: accountId, parent_run_id: parent }: QueuedRun, payload: object) => ({
  task: executeRunTask,
  payload: JSON.stringify(payload),
  key: runJobKey(id),
  flags: [executeRunTask, accountFlag(accountId), ...(parent ? [] : [rootRunFlag])],
});

/** The queue is in the same database, so a job commits with the rows that it refers to. */
export const queue: Queue = {
  payloadOf,
  async enqueueRun(connection, run, maxAttempts, left = 0) {
    const payload = left > 0 ? { ...payloadOf(run), left } : payloadOf(run);
    const waitSeconds = left > 0 ? secondsUntilNext(left - 1) : 0;
    await connection.rows(addJob, { ...jobOf(run, payload), accountId: run.account_id, runId: run.id, maxAttempts, waitSeconds });
  },
  async dequeueRun(connection, runId) {
    await connection.rows(removeJob, { key: runJobKey(runId) });
  },
};
