import type { AssistantMessage, RunEventInput } from '../../../contract/events.ts';
import {
  isDebugEvent,
  type Model,
  ModelError,
  type ModelEvent,
  type ModelMessage,
  type ModelRequest,
  type ToolCall,
} from '../../models/model.ts';
import { type RetryEvent, streamWithRetry } from '../../models/retry.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { parseArguments } from '../tools/validateCalls.ts';
import type { AnswerImage, RunPort, TurnAnswer } from './runPort.ts';
import { createThinkingSegments } from './thinkingSegments.ts';
import type { UsageTotals } from './usageTotals.ts';

export type TurnInput = {
  model: Model;
  request: Omit<ModelRequest, 'messages' | 'tools'>;
  providerKind: string;
  /** Whether thinking is streamed at all. */
  streamThinking: boolean;
  retry: { maxAttempts: number; baseDelayMs: number };
  signal: AbortSignal;
  usageTotals: UsageTotals;
  port: Pick<RunPort, 'keepOpaque' | 'keepImage'>;
};

export type Turn = TurnAnswer & { calls: ToolCall[]; images: AnswerImage[]; opaque?: unknown };

type Finish = Extract<ModelEvent, { type: 'finish' }>;

/** Calls the model, with retries, and yields its events. Throws the `ModelError` of the last attempt. */
export async function* runTurn(
  input: TurnInput,
  turn: number,
  { messages, tools }: Pick<ModelRequest, 'messages' | 'tools'>,
): AsyncGenerator<RunEventInput, Turn> {
  const { model, request, retry, signal } = input;
  const llmCallId = newId();
  const thinking = createThinkingSegments(input.streamThinking);
  let finish: Finish | undefined;
  let images: AnswerImage[] = [];
  const refusals = new Set<string>();
  for await (const event of streamWithRetry(model, { ...request, messages, tools, images: true }, { ...retry, signal })) {
    yield* thinking.before(event);
    if (event.type === 'finish') finish = event;
    else if (event.type === 'image') {
      const kept = await input.port.keepImage(event);
      if (kept.attachment) images.push(kept.attachment);
      if (kept.error) {
        // Once per turn and reason: a model can produce any number of images.
        if (refusals.has(kept.error.message)) continue;
        refusals.add(kept.error.message);
      }
      yield { type: 'message.image', data: { role: 'assistant', ...kept } };
    } else {
      if (event.type === 'retry') {
        images = [];
        refusals.clear();
      }
      const step = stepOf(event, input, llmCallId);
      if (step) yield step;
    }
  }
  if (!finish) throw new ModelError('provider.retryable', 'The model ended without an answer.');
  const calls = withOwnIds(finish.tool_calls, messages);
  // Before the turn is reported as completed.
  if (finish.opaque !== undefined && calls.length > 0) await input.port.keepOpaque(turn, finish.opaque);
  const message = assistantMessage(finish.text, calls);
  yield completed(turn, llmCallId, message, finish);
  return { llmCallId, message, text: finish.text, calls, images, opaque: finish.opaque };
}

function stepOf(
  event: Exclude<ModelEvent | RetryEvent, { type: 'finish' | 'image' }>,
  input: TurnInput,
  llmCallId: string,
): RunEventInput | undefined {
  if (isDebugEvent(event)) {
    const { type, ...facts } = event;
    return { type, data: { llm_call_id: llmCallId, ...facts } } as RunEventInput;
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

function completed(turn: number, llmCallId: string, message: AssistantMessage, { usage, cost }: Finish): RunEventInput {
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

/** A call id is unique within a run: replaces an empty or repeated id. */
function withOwnIds(calls: ToolCall[], messages: readonly ModelMessage[]): ToolCall[] {
  const taken = new Set(messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : [])));
  return calls.map((call) => {
    const id = call.id === '' || taken.has(call.id) ? newId() : call.id;
    taken.add(id);
    return { ...call, id };
  });
}
