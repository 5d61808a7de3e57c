import { sql } from 'kysely';
import { sqlStatement, type Statement } from '../database/statement.ts';

type Parameters = { task: string; leaseSeconds: number; activeJobs: string[] };

/**
 * Unlocks the jobs of dead workers: jobs of `task` that were locked for `leaseSeconds` or more without progress.
 * Excludes the active jobs of this worker, whose batch may only be slow. `table` stores its progress in `moved_at`; its
 * jobs have the key `<prefix>:<id>`. A job without a key was replaced when a stopping worker queued it again, and would
 * block the queue. A template, because the queue's tables have no types.
 */
export const unlockLostJobs = (
  table: 'broadcasts' | 'credit_operations' | 'erasures',
  prefix: string,
): Statement<Parameters, { force_unlock_workers: unknown }> =>
  sqlStatement<Parameters>({ bound: 'one' })(
    ($) => sql<{ force_unlock_workers: unknown }>`
  select graphile_worker.force_unlock_workers(array_agg(j.locked_by)) from graphile_worker.jobs j
  left join ${sql.table(table)} o on j.key = ${sql.lit(`${prefix}:`)} || o.id
  where j.task_identifier = ${$.task} and j.id <> all (${$.activeJobs}::bigint[]) and j.locked_at < now() - ${$.leaseSeconds} * interval '1 second'
    and coalesce(o.moved_at, j.locked_at) < now() - ${$.leaseSeconds} * interval '1 second' having count(*) > 0`,
  );
