import type { ReasoningMode } from '../../../contract/events.ts';

/** Limits of one run; all are optional. */
type Budgets = {
  reasoning_iterations?: number;
  tool_continuation_budget?: number;
  max_output_tokens?: number;
  tool_timeout_ms?: number;
  max_cost_micros?: number;
  max_total_output_tokens?: number;
  temperature?: number;
  top_p?: number;
};

/** A persona as used by a run: the definition in force when execution starts. It does not change during the run. */
export type Persona = {
  key: string;
  version: string;
  /** `soul_md` and `prompt_md`, joined by a blank line. */
  prompt: string;
  model: string | null;
  preferred_credential: string | null;
  reasoning_mode: ReasoningMode;
  stream_thinking: boolean;
  prompt_cache_control: 'none' | 'system_prompt';
  tool_allowlist: string[];
  tool_denylist: string[];
  core_tools: string[];
  /** Names; empty means all of the account. Missing in runs that an earlier version started. */
  skills?: string[];
  budgets: Budgets;
  executor_type: string;
  executor_config: Record<string, unknown>;
};
