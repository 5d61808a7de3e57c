import type { Cost, ReasoningMode, Usage } from '../../contract/events.ts';

export type { Cost, ReasoningMode, Usage } from '../../contract/events.ts';

/** `arguments` is the JSON text as the model wrote it, possibly invalid. */
export type ToolCall = { id: string; name: string; arguments: string };

/** `data` is base64. */
export type ImagePart = { type: 'image'; mime_type: string; data: string };

export type ModelPart = { type: 'text'; text: string } | ImagePart;

/** The message's number in its thread, if it is stored there. Never sent to a model. */
type Stored = { number?: number };

/**
 * A message of a prompt. `opaque` is plain JSON that a provider wants back unchanged within a tool loop (thinking
 * signatures). Images of a tool result last only as long as the run; the text of the result names them.
 */
export type ModelMessage =
  | { role: 'system'; content: string }
  | ({ role: 'user'; content: string | ModelPart[] } & Stored)
  | ({ role: 'assistant'; content: string; tool_calls?: ToolCall[]; opaque?: unknown } & Stored)
  | ({ role: 'tool'; tool_call_id: string; tool_name: string; content: string; images?: ImagePart[]; is_error?: boolean } & Stored);

/** `parameters` is a JSON Schema of type object. `strict`: the arguments must match it exactly, if the model supports that. */
export type ModelTool = { name: string; description: string; parameters: Record<string, unknown>; strict?: boolean };

/** Any tool, none, at least one, or the named one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { name: string };

/** The answer is JSON, of the schema if there is one. */
type JsonFormat = { schema?: Record<string, unknown>; name?: string; description?: string; strict?: boolean };

export type ModelRequest = {
  messages: ModelMessage[];
  tools: ModelTool[];
  reasoning_mode: ReasoningMode;
  temperature?: number;
  top_p?: number;
  max_output_tokens?: number;
  prompt_cache_control?: 'none' | 'system_prompt';
  tool_choice?: ToolChoice;
  parallel_tool_calls?: boolean;
  json_format?: JsonFormat;
  /** Whether images in the answer are kept. Others ask for none, because vendors charge for them. */
  images?: boolean;
  stop?: string[];
  seed?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  /** The caller's id of the person on whose behalf it calls. */
  end_user?: string;
};

/** HTTP traffic, for debugging. The names and fields are those of run events, without `llm_call_id`. */
export type DebugEvent =
  | { type: 'llm.request'; provider_kind: string; api_mode: string; payload: Record<string, unknown> }
  | { type: 'llm.response.chunk'; raw: string; json?: unknown; status_code?: number; truncated: boolean };

export const isDebugEvent = (event: { type: string }): event is DebugEvent =>
  event.type === 'llm.request' || event.type === 'llm.response.chunk';

/** Why an answer is incomplete. */
export type CutReason = 'length' | 'content_filter';

/** `text` is never empty. Exactly one `finish` comes last. Debug events are sent only if enabled. */
export type ModelEvent =
  | DebugEvent
  | { type: 'text'; text: string; channel?: 'thinking' }
  /** `data` is base64. `usd` is the price of an image that the usage does not contain. */
  | { type: 'image'; mime_type: string; data: string; usd?: number }
  | { type: 'tool_delta'; index: number; tool_call_id: string; tool_name?: string; arguments_delta: string }
  | { type: 'fallback'; from_api_mode: string; to_api_mode: string; reason: 'responses_not_supported'; status_code?: number }
  | {
      type: 'finish';
      text: string;
      tool_calls: ToolCall[];
      usage?: Usage;
      cost_usd?: string;
      cost?: Cost;
      opaque?: unknown;
      cut?: CutReason;
    };

/** Receives facts about a call that its events lack or report too late. */
export type CallObserver = {
  onSent(): void;
  /** Usage that the provider reported. A later report is merged over an earlier one. */
  onUsage(usage: Usage): void;
};

/** `stream` throws a `ModelError`, or the reason of `signal` if it is aborted. */
export type Model = { stream(request: ModelRequest, signal: AbortSignal, observer?: CallObserver): AsyncIterable<ModelEvent> };

export type ModelErrorClass = 'provider.retryable' | 'provider.non_retryable';

type ModelErrorFacts = { details?: Record<string, unknown>; retryAfterMs?: number | undefined; usage?: Usage | undefined };

/** A call without a complete answer. `usage` is what the provider reported before the failure, or what a metered call was charged. */
export class ModelError extends Error {
  override name = 'ModelError';
  readonly errorClass: ModelErrorClass;
  readonly details: Record<string, unknown>;
  readonly retryAfterMs: number | undefined;
  usage: Usage | undefined;
  cost: Cost | undefined;
  constructor(errorClass: ModelErrorClass, message: string, { details = {}, retryAfterMs, usage }: ModelErrorFacts = {}) {
    super(message);
    this.errorClass = errorClass;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
    this.usage = usage;
  }
}
