import type { Cost, ReasoningMode, Usage } from '../../contract/events.ts';

export type { Cost, ReasoningMode, Usage } from '../../contract/events.ts';

/** A call the model asks for; `arguments` is the JSON text as the model wrote it, valid or not. */
export type ToolCall = { id: string; name: string; arguments: string };

/** An image; its bytes are base64. */
export type ImagePart = { type: 'image'; mime_type: string; data: string };

/** A piece of a user's message. */
export type ModelPart = { type: 'text'; text: string } | ImagePart;

/** The number of a message in its thread, where it is stored there; never sent to a model. */
type Stored = { number?: number };

/**
 * One message of a prompt. `opaque` is what a provider wants back unchanged within a tool loop (thinking signatures); it is plain JSON. The images
 * of a tool's result are kept as long as its run; the text of the result names them.
 */
export type ModelMessage =
  | { role: 'system'; content: string }
  | ({ role: 'user'; content: string | ModelPart[] } & Stored)
  | ({ role: 'assistant'; content: string; tool_calls?: ToolCall[]; opaque?: unknown } & Stored)
  | ({ role: 'tool'; tool_call_id: string; tool_name: string; content: string; images?: ImagePart[]; is_error?: boolean } & Stored);

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

/** What went over the line, for debugging; the names and fields are those of the run's events, but for `llm_call_id`. */
export type DebugEvent =
  | { type: 'llm.request'; provider_kind: string; api_mode: string; payload: Record<string, unknown> }
  | { type: 'llm.response.chunk'; raw: string; json?: unknown; status_code?: number; truncated: boolean };

/** Whether an event is one for debugging; a run tells it as it is, with its `llm_call_id`. */
export const isDebugEvent = (event: { type: string }): event is DebugEvent =>
  event.type === 'llm.request' || event.type === 'llm.response.chunk';

/** What a model says while it answers: text is never empty, and the one `finish` comes last; debug events only where they are switched on. */
export type ModelEvent =
  | DebugEvent
  | { type: 'text'; text: string; channel?: 'thinking' }
  | { type: 'tool_delta'; index: number; tool_call_id: string; tool_name?: string; arguments_delta: string }
  | { type: 'fallback'; from_api_mode: string; to_api_mode: string; reason: 'responses_not_supported'; status_code?: number }
  | { type: 'finish'; text: string; tool_calls: ToolCall[]; usage?: Usage; cost_usd?: string; cost?: Cost; opaque?: unknown };

/** Learns of a call what its events do not say, or say too late. */
export type CallObserver = {
  /** The request goes out. */
  sent(): void;
  /** Usage that the provider reported; a later report completes or replaces an earlier one. */
  used(usage: Usage): void;
};

/** A model behind a provider: `stream` throws a `ModelError`, or the reason of `signal` when that is aborted. */
export type Model = { stream(request: ModelRequest, signal: AbortSignal, observer?: CallObserver): AsyncIterable<ModelEvent> };

export type ModelErrorClass = 'provider.retryable' | 'provider.non_retryable';

type ModelErrorFacts = { details?: Record<string, unknown>; retryAfterMs?: number | undefined; usage?: Usage | undefined };

/** A model that did not answer, or not to the end; `usage` is what the provider reported before it failed, or what a metered call was charged. */
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
