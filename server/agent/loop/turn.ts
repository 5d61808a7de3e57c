import type { AssistantMessage, RunStep } from '../../../contract/events.ts';
import { newId } from '../../kernel/ids.ts';
import { isDebugEvent, type Model, ModelError, type ModelEvent, type ModelMessage, type ModelRequest, type ToolCall } from '../model.ts';
import { type RetryEvent, streamWithRetry } from '../retry.ts';
import { parseArguments } from '../tools/policy.ts';
import type { Spent } from './spending.ts';
import { createThinking } from './thinking.ts';

/** What every turn of a run is asked with. */
export type TurnInput = {
  /** A metered model: see `metered`. */
  model: Model;
  request: Omit<ModelRequest, 'messages' | 'tools'>;
  providerKind: string;
  /** Whether thinking is told at all. */
  streamThinking: boolean;
  retry: { maxAttempts: number; baseDelayMs: number };
  signal: AbortSignal;
  spent: Spent;
  /** Keeps what the provider wants back, before the turn is told as done. */
  keepOpaque(turn: number, opaque: unknown): Promise<void>;
};

/** The answer of a turn. */
export type Answer = { llmCallId: string; text: string; message: AssistantMessage };
/** A turn that was taken: its answer, and the calls it asks for. */
export type Turn = Answer & { calls: ToolCall[]; opaque?: unknown };

type Finish = Extract<ModelEvent, { type: 'finish' }>;

/** Asks the model, again where a retry may help, and yields what it says. Throws its `ModelError`. */
export async function* takeTurn(
  input: TurnInput,
  turn: number,
  { messages, tools }: Pick<ModelRequest, 'messages' | 'tools'>,
): AsyncGenerator<RunStep, Turn> {
  const { model, request, retry, signal } = input;
  const llmCallId = newId();
  const thinking = createThinking(input.streamThinking);
  let finish: Finish | undefined;
  for await (const event of streamWithRetry(model, { ...request, messages, tools }, { ...retry, signal })) {
    yield* thinking.around(event);
    if (event.type === 'finish') finish = event;
    else {
      const step = stepOf(event, input, llmCallId);
      if (step) yield step;
    }
  }
  if (!finish) throw new ModelError('provider.retryable', 'The model ended without an answer.');
  const calls = withOwnIds(finish.tool_calls, messages);
  if (finish.opaque !== undefined && calls.length > 0) await input.keepOpaque(turn, finish.opaque);
  const message = assistantMessage(finish.text, calls);
  yield completed(turn, llmCallId, message, finish);
  return { llmCallId, message, text: finish.text, calls, opaque: finish.opaque };
}

/** What an event of the model is in the log of the run. */
function stepOf(event: Exclude<ModelEvent | RetryEvent, Finish>, input: TurnInput, llmCallId: string): RunStep | undefined {
  if (isDebugEvent(event)) {
    const { type, ...facts } = event;
    return { type, data: { llm_call_id: llmCallId, ...facts } } as RunStep;
  }
  switch (event.type) {
    case 'text': {
      const { text, channel } = event;
      if (channel && !input.streamThinking) return undefined;
      return { type: 'message.delta', data: { content: text, content_delta: text, role: 'assistant', ...(channel && { channel }) } };
    }
    case 'tool_delta': {
      const { index, arguments_delta, tool_call_id, tool_name } = event;
      const facts = { tool_call_index: index, arguments_delta, tool_call_id, ...(tool_name && { tool_name }) };
      return { type: 'tool.call.delta', data: facts };
    }
    case 'fallback': {
      const { type: _, ...facts } = event;
      return { type: 'run.provider_fallback', data: { provider_kind: input.providerKind, ...facts } };
    }
    case 'retry': {
      const { type: _, ...facts } = event;
      return { type: 'run.llm.retry', data: facts };
    }
  }
}

function completed(turn: number, llmCallId: string, message: AssistantMessage, { usage, cost }: Finish): RunStep {
  const used = { ...(usage && { usage }), ...(cost && { cost }) };
  return { type: 'llm.turn.completed', data: { llm_call_id: llmCallId, turn_index: turn, ...used, assistant_message: message } };
}

function assistantMessage(text: string, calls: ToolCall[]): AssistantMessage {
  const toolCalls = calls.map(({ id, name, arguments: json }) => ({
    tool_call_id: id,
    tool_name: name,
    arguments: parseArguments(json) ?? {},
  }));
  return { role: 'assistant', content: [{ type: 'text', text }], ...(toolCalls.length > 0 && { tool_calls: toolCalls }) };
}

/** An id names one call of a run: an empty or repeated one is replaced. */
function withOwnIds(calls: ToolCall[], messages: readonly ModelMessage[]): ToolCall[] {
  const taken = new Set(messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : [])));
  return calls.map((call) => {
    const id = call.id === '' || taken.has(call.id) ? newId() : call.id;
    taken.add(id);
    return { ...call, id };
  });
}
