import type { Run, RunSummary, ThreadRun } from '../../../contract/runs.ts';
import type { ListedRun } from './list.ts';
import type { RunRow, ThreadRunRow } from './queries.ts';

const endOf = ({ completed_at, failed_at, cancelled_at }: RunRow) => completed_at ?? failed_at ?? cancelled_at;

/** The fields of every run view. Usage and cost are null until the run ends. */
export function commonFields(row: RunRow) {
  const end = endOf(row);
  return {
    run_id: row.id,
    account_id: row.account_id,
    thread_id: row.thread_id,
    created_by_user_id: row.created_by_user_id,
    status: row.status,
    created_at: row.created_at,
    parent_run_id: row.parent_run_id,
    model: row.model,
    persona_id: row.persona_id,
    duration_ms: end === null ? null : Date.parse(end) - Date.parse(row.created_at),
    total_input_tokens: end ? row.total_input_tokens : null,
    total_output_tokens: end ? row.total_output_tokens : null,
    total_cost_usd: end ? row.total_cost_usd : null,
    usage_estimated: end ? row.usage_estimated : null,
    completed_at: row.completed_at,
    failed_at: row.failed_at,
    cancelled_at: row.cancelled_at,
  };
}

export const viewRun = (row: RunRow, childRunIds: string[]): Run => ({
  ...commonFields(row),
  trace_id: row.trace_id,
  child_run_ids: childRunIds,
  resume_from_run_id: row.resume_from_run_id,
  error: row.error && { error_class: row.error.error_class, message: row.error.message },
});

export const viewRunSummary = (row: ListedRun): RunSummary => ({
  ...commonFields(row),
  cache_hit_rate: row.cache_hit_rate,
  credits_used: endOf(row) ? row.credits_used : null,
  created_by_user_name: row.user_name,
  created_by_email: row.user_email,
});

export const viewThreadRun = (row: ThreadRunRow): ThreadRun => ({
  run_id: row.id,
  status: row.status,
  created_at: row.created_at,
  ...(row.resume_from_run_id && { resume_from_run_id: row.resume_from_run_id }),
  ...(row.tail_message_id && { thread_tail_message_id: row.tail_message_id }),
});
