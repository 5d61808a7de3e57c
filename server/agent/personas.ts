import type { ReasoningMode } from '../../contract/events.ts';

/** What a persona may spend in one run; all limits are optional. */
export type Budgets = {
  reasoning_iterations?: number;
  tool_continuation_budget?: number;
  max_output_tokens?: number;
  tool_timeout_ms?: number;
  max_cost_micros?: number;
  max_total_output_tokens?: number;
  temperature?: number;
  top_p?: number;
};

/** A persona as a run uses it: the definition in force when its execution began, kept for the whole run. */
export type Persona = {
  key: string;
  version: string;
  /** The system prompt: soul and prompt joined by a blank line. */
  prompt: string;
  model: string | null;
  preferred_credential: string | null;
  reasoning_mode: ReasoningMode;
  stream_thinking: boolean;
  prompt_cache_control: 'none' | 'system_prompt';
  tool_allowlist: string[];
  tool_denylist: string[];
  core_tools: string[];
  budgets: Budgets;
  executor_type: string;
  executor_config: Record<string, unknown>;
};
