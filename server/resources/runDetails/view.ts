import Big from 'big.js';
import type { ChildRun, RunDetails } from '../../../contract/runDetails.ts';
import { commonFields } from '../runs/view.ts';
import type { DetailRow, RunDetailsRow } from './queries.ts';

/** The fields that a run and its children share. Usage is null until the run ends. */
function viewCommonFields(row: DetailRow): Omit<ChildRun, 'parent_run_id'> {
  const { created_by_user_id: _creator, parent_run_id: _parent, ...facts } = commonFields(row);
  return {
    ...facts,
    model: row.selected_model ?? row.model ?? row.requested_model,
    provider_kind: row.provider_kind,
    credential_name: row.credential_name,
    persona_model: row.persona_model,
    credits_used: facts.duration_ms === null ? null : row.credits_used,
  };
}

export function viewRunDetails({ run, children }: { run: RunDetailsRow; children: readonly DetailRow[] }): RunDetails {
  const [facts, others] = [viewCommonFields(run), children.map(viewCommonFields)];
  return {
    ...facts,
    created_by_user_id: run.created_by_user_id,
    created_by_user_name: run.user_name,
    created_by_email: run.user_email,
    user_prompt: run.user_prompt,
    events_stats: {
      total: run.total,
      llm_turns: run.llm_turns,
      tool_calls: run.tool_calls,
      provider_fallbacks: run.provider_fallbacks,
    },
    children: others.map((child) => ({ ...child, parent_run_id: run.id })),
    total_aggregate: others.length > 0 ? sumUsage([facts, ...others]) : null,
  };
}

type UsageFields = Pick<ChildRun, 'total_input_tokens' | 'total_output_tokens' | 'total_cost_usd' | 'credits_used'>;

/** Exact decimal sums. Unknown usage counts as 0. */
function sumUsage(runs: readonly UsageFields[]): NonNullable<RunDetails['total_aggregate']> {
  const sum = (field: keyof UsageFields) => runs.reduce((total, run) => total.plus(run[field] ?? 0), new Big(0)).toNumber();
  return {
    total_input_tokens: sum('total_input_tokens'),
    total_output_tokens: sum('total_output_tokens'),
    total_cost_usd: sum('total_cost_usd'),
    credits_used: sum('credits_used'),
  };
}
