import Big from 'big.js';
import type { ChildRun, RunDetails } from '../../../contract/runDetails.ts';
import { factsOf } from '../runs/view.ts';
import type { DetailRow, RunDetailsRow } from './queries.ts';

/** What the run and its children have in common; what they used is known once they have ended. */
function viewFacts(row: DetailRow): Omit<ChildRun, 'parent_run_id'> {
  const { created_by_user_id: _creator, parent_run_id: _parent, ...facts } = factsOf(row);
  return {
    ...facts,
    model: row.selected_model ?? row.model ?? row.requested_model,
    provider_kind: row.provider_kind,
    credential_name: row.credential_name,
    persona_model: row.persona_model,
    credits_used: facts.duration_ms === null ? null : row.credits_used,
  };
}

/** A run in full, with those that it started. */
export function viewRunDetails({ run, children }: { run: RunDetailsRow; children: readonly DetailRow[] }): RunDetails {
  const [facts, others] = [viewFacts(run), children.map(viewFacts)];
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
    total_aggregate: others.length > 0 ? sumOf([facts, ...others]) : null,
  };
}

type Used = Pick<ChildRun, 'total_input_tokens' | 'total_output_tokens' | 'total_cost_usd' | 'credits_used'>;

/** Exactly to the millionth of a dollar; what is not known yet counts as nothing. */
function sumOf(runs: readonly Used[]): NonNullable<RunDetails['total_aggregate']> {
  const sum = (field: keyof Used) => runs.reduce((total, run) => total.plus(run[field] ?? 0), new Big(0)).toNumber();
  return {
    total_input_tokens: sum('total_input_tokens'),
    total_output_tokens: sum('total_output_tokens'),
    total_cost_usd: sum('total_cost_usd'),
    credits_used: sum('credits_used'),
  };
}
