import { createHash } from 'node:crypto';
import type { AssistantMessage, Cost, RunStep, Usage } from '../../contract/events.ts';
import { newId } from '../kernel/ids.ts';
import { costOf, type Prices, usdCost } from './cost.ts';
import { RunFailure } from './failure.ts';
import { type Model, ModelError, type ModelMessage, type ModelRequest, type ToolCall } from './model.ts';
import { streamWithRetry } from './retry.ts';
import { addUsage } from './usage.ts';

/** What a run has used so far; it is charged however the run ends. */
export type Spent = { usage: Usage | undefined; cost: string; reported: boolean };

export type LoopInput = {
  model: Model;
  messages: ModelMessage[];
  request: Omit<ModelRequest, 'messages' | 'tools'>;
  prices: Prices;
  providerKind: string;
  /** The index of the first turn, and the most there may be; 0 is without limit. */
  turn: number;
  maxTurns: number;
  retry: { maxAttempts: number; baseDelayMs: number };
  signal: AbortSignal;
  spent: Spent;
};

/** The answer of the last turn. */
export type Answer = { llmCallId: string; text: string; message: AssistantMessage };

/** Ask the model, turn by turn, until it answers without asking for a tool. What it yields is what happened, in order. */
export async function* runLoop(input: LoopInput): AsyncGenerator<RunStep, Answer> {
  const messages = [...input.messages];
  for (let turn = input.turn; ; turn++) {
    if (input.maxTurns > 0 && turn > input.maxTurns)
      throw new RunFailure('agent.reasoning_iterations_exceeded', `The run needed more than ${input.maxTurns} turns.`);
    const answer = yield* takeTurn(input, messages, turn);
    if (answer.calls.length === 0) return answer;
    messages.push({ role: 'assistant', content: answer.text, tool_calls: answer.calls, opaque: answer.opaque });
    for (const call of answer.calls) messages.push(yield* refuseCall(call));
  }
}

type Turn = Answer & { calls: ToolCall[]; opaque?: unknown };

async function* takeTurn(input: LoopInput, messages: ModelMessage[], turn: number): AsyncGenerator<RunStep, Turn> {
  const { model, request, retry, signal, spent, prices } = input;
  const llmCallId = newId();
  let finish: { text: string; calls: ToolCall[]; opaque?: unknown } | undefined;
  let turnUsage: Usage | undefined;
  let turnCost: Cost | undefined;
  const pay = (usage: Usage | undefined, reported?: string) => {
    if (usage === undefined && reported === undefined) return undefined;
    const { exact, micros } = costOf(usage ?? {}, prices, reported);
    spent.usage = addUsage(spent.usage, usage);
    spent.cost = exact.plus(spent.cost).toString();
    return { currency: 'USD' as const, amount_micros: micros };
  };
  try {
    for await (const event of streamWithRetry(model, { ...request, messages, tools: [] }, { ...retry, signal })) {
      switch (event.type) {
        case 'text':
          yield {
            type: 'message.delta',
            data: { content: event.text, content_delta: event.text, role: 'assistant', ...(event.channel && { channel: event.channel }) },
          };
          break;
        case 'tool_delta': {
          const { index, arguments_delta, tool_call_id, tool_name } = event;
          yield {
            type: 'tool.call.delta',
            data: { tool_call_index: index, arguments_delta, tool_call_id, ...(tool_name && { tool_name }) },
          };
          break;
        }
        case 'fallback': {
          const { type: _, ...facts } = event;
          yield { type: 'run.provider_fallback', data: { provider_kind: input.providerKind, ...facts } };
          break;
        }
        case 'retry': {
          const { type: _, usage, ...facts } = event;
          pay(usage);
          yield { type: 'run.llm.retry', data: facts };
          break;
        }
        case 'finish':
          turnUsage = event.usage;
          turnCost = pay(event.usage, event.cost_usd);
          finish = { text: event.text, calls: event.tool_calls, opaque: event.opaque };
      }
    }
  } catch (error) {
    if (error instanceof ModelError) pay(error.usage);
    throw error;
  }
  if (!finish) throw new ModelError('provider.retryable', 'The model ended without an answer.');
  const message = assistantMessage(finish.text, finish.calls);
  yield {
    type: 'llm.turn.completed',
    data: {
      llm_call_id: llmCallId,
      turn_index: turn,
      ...(turnUsage && { usage: turnUsage }),
      ...(turnCost && { cost: turnCost }),
      assistant_message: message,
    },
  };
  return { llmCallId, message, ...finish };
}

/** The cost of everything spent, as events say it. */
export function costSpent({ usage, cost }: Spent): Cost | undefined {
  return usage || cost !== '0' ? { currency: 'USD', amount_micros: usdCost(costOf({}, noPrices, cost).exact).micros } : undefined;
}
const noPrices: Prices = { cost_per_1k_input: null, cost_per_1k_output: null, cost_per_1k_cache_write: null, cost_per_1k_cache_read: null };

function assistantMessage(text: string, calls: ToolCall[]): AssistantMessage {
  const toolCalls = calls.map(({ id, name, arguments: json }) => ({ tool_call_id: id, tool_name: name, arguments: parseArguments(json) }));
  return { role: 'assistant', content: [{ type: 'text', text }], ...(toolCalls.length > 0 && { tool_calls: toolCalls }) };
}

/** No tool was offered, so whatever the model asks for is unknown; it is told so and may go on. */
async function* refuseCall({ id, name, arguments: json }: ToolCall): AsyncGenerator<RunStep, ModelMessage> {
  const named = { tool_call_id: id, tool_name: name };
  const error = { error_class: 'policy.denied', message: `There is no tool named ${name}.` };
  const args = parseArguments(json);
  const args_hash = createHash('sha256').update(JSON.stringify(args)).digest('hex');
  yield { type: 'tool.call', data: { ...named, arguments: args, args_hash } };
  yield { type: 'tool.denied', data: { ...named, code: 'policy.denied', message: error.message, deny_reason: 'tool.unknown', args_hash } };
  yield { type: 'tool.result', data: { ...named, error, duration_ms: 0 } };
  return { role: 'tool', tool_call_id: id, tool_name: name, content: JSON.stringify({ error }), is_error: true };
}

function parseArguments(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
