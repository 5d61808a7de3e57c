import type { RunEventInput, Usage } from '../../../contract/events.ts';
import { createPromptContext, type PromptContextInput } from '../../../server/agent/context/promptContext.ts';
import type { Summary } from '../../../server/agent/context/summaries.ts';
import { metered } from '../../../server/models/metering.ts';
import type { Model, ModelMessage } from '../../../server/models/model.ts';

export const settings = {
  'context.compact.enabled': true,
  'context.compact.persist_trigger_context_pct': 80,
  'context.compact.target_context_pct': 75,
};

/** A context with its saved summaries (`saved`) and charged usage (`paid`). */
export function openContext(model: Model, window: number, changes: Partial<PromptContextInput> = {}) {
  const saved: Summary[] = [];
  const paid: (Usage | undefined)[] = [];
  const meter = {
    reserve: async () => {},
    charge(usage: Usage) {
      paid.push(usage);
      return { currency: 'USD' as const, amount_micros: 0 };
    },
    finishCall: async () => {},
  };
  const context = createPromptContext({
    model: metered(model, meter),
    window,
    settings,
    save: async (summary) => void saved.push(summary),
    signal: new AbortController().signal,
    ...changes,
  });
  return { context, saved, paid };
}

/** Collects the emitted steps and the messages to send. */
export async function collectSteps(steps: AsyncGenerator<RunEventInput, ModelMessage[]>) {
  const events: RunEventInput[] = [];
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return { events, sent: value, event: events[0]?.data as Extract<RunEventInput, { type: 'run.context_compact' }>['data'] };
    events.push(value);
  }
}

export const fillerText = 'some words about nothing in particular here '.repeat(8);
export const system: ModelMessage = { role: 'system', content: 'Be brief.' };
/** A stored conversation that ends with a user message; each message has about 65 tokens. */
export const conversation = (length: number): ModelMessage[] =>
  Array.from({ length }, (_, n): ModelMessage => {
    const content = `m${n + 1} ${fillerText}`;
    return (length - n) % 2 === 1 ? { role: 'user', content, number: n + 1 } : { role: 'assistant', content, number: n + 1 };
  });
export const toolTurn = (id: string, result = fillerText): ModelMessage[] => [
  { role: 'assistant', content: '', tool_calls: [{ id, name: 'read', arguments: `{"id":"${id}"}` }] },
  { role: 'tool', tool_call_id: id, tool_name: 'read', content: `${id} ${result}` },
];
