import type { ReasoningMode, Usage } from '../../contract/events.ts';

export type { ReasoningMode, Usage } from '../../contract/events.ts';

/** A call the model asks for; `arguments` is the JSON text as the model wrote it, valid or not. */
export type ToolCall = { id: string; name: string; arguments: string };

/** One message of a prompt. `opaque` is what a provider wants back unchanged within a tool loop (thinking signatures); it is plain JSON. */
export type ModelMessage =
  | { role: 'system'; content: string }
  | { role: 'user'; content: string }
  | { role: 'assistant'; content: string; tool_calls?: ToolCall[]; opaque?: unknown }
  | { role: 'tool'; tool_call_id: string; tool_name: string; content: string; is_error?: boolean };

/** A tool the model may call; `parameters` is a JSON Schema of an object. */
export type ModelTool = { name: string; description: string; parameters: Record<string, unknown> };

/** One question to a model. */
export type ModelRequest = {
  messages: ModelMessage[];
  tools: ModelTool[];
  reasoning_mode: ReasoningMode;
  temperature?: number;
  top_p?: number;
  max_output_tokens?: number;
  prompt_cache_control?: 'none' | 'system_prompt';
};

/** What a model says while it answers: text is never empty, and the one `finish` comes last. */
export type ModelEvent =
  | { type: 'text'; text: string; channel?: 'thinking' }
  | { type: 'tool_delta'; index: number; tool_call_id: string; tool_name?: string; arguments_delta: string }
  | { type: 'fallback'; from_api_mode: string; to_api_mode: string; reason: 'responses_not_supported'; status_code?: number }
  | { type: 'finish'; text: string; tool_calls: ToolCall[]; usage?: Usage; cost_usd?: string; opaque?: unknown };

/** A model behind a provider: `stream` throws a `ModelError`, or the reason of `signal` when that is aborted. */
export type Model = { stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent> };

export type ModelErrorClass = 'provider.retryable' | 'provider.non_retryable';

type ModelErrorFacts = { details?: Record<string, unknown>; retryAfterMs?: number | undefined; usage?: Usage | undefined };

/** A model that did not answer, or not to the end; `usage` is what the provider reported before it failed. */
export class ModelError extends Error {
  override name = 'ModelError';
  readonly errorClass: ModelErrorClass;
  readonly details: Record<string, unknown>;
  readonly retryAfterMs: number | undefined;
  usage: Usage | undefined;
  constructor(errorClass: ModelErrorClass, message: string, { details = {}, retryAfterMs, usage }: ModelErrorFacts = {}) {
    super(message);
    this.errorClass = errorClass;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
    this.usage = usage;
  }
}
