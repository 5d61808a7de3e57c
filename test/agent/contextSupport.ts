import type { RunStep, Usage } from '../../contract/events.ts';
import { type ContextInput, createContext } from '../../server/agent/context/compact.ts';
import type { Summary } from '../../server/agent/context/summaries.ts';
import { metered } from '../../server/agent/metering.ts';
import type { Model, ModelMessage } from '../../server/agent/model.ts';

export const settings = {
  'context.compact.enabled': true,
  'context.compact.persist_trigger_context_pct': 80,
  'context.compact.target_context_pct': 75,
};

/** A context of a model, with what it kept and what it was charged. */
export function openContext(model: Model, window: number, changes: Partial<ContextInput> = {}) {
  const saved: Summary[] = [];
  const paid: (Usage | undefined)[] = [];
  const meter = {
    reserve: async () => {},
    charge(usage: Usage) {
      paid.push(usage);
      return { currency: 'USD' as const, amount_micros: 0 };
    },
    settle: async () => {},
  };
  const context = createContext({
    model: metered(model, meter),
    window,
    settings,
    save: async (summary) => void saved.push(summary),
    signal: new AbortController().signal,
    ...changes,
  });
  return { context, saved, paid };
}

/** What was told on the way, and the messages to send. */
export async function run(steps: AsyncGenerator<RunStep, ModelMessage[]>) {
  const events: RunStep[] = [];
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return { events, sent: value, event: events[0]?.data as Extract<RunStep, { type: 'run.context_compact' }>['data'] };
    events.push(value);
  }
}

export const words = 'some words about nothing in particular here '.repeat(8);
export const system: ModelMessage = { role: 'system', content: 'Be brief.' };
/** A stored conversation that ends with a question; each message has about 65 tokens. */
export const talk = (length: number): ModelMessage[] =>
  Array.from({ length }, (_, n): ModelMessage => {
    const content = `m${n + 1} ${words}`;
    return (length - n) % 2 === 1 ? { role: 'user', content, number: n + 1 } : { role: 'assistant', content, number: n + 1 };
  });
/** A call with its result. */
export const turnOf = (id: string, result = words): ModelMessage[] => [
  { role: 'assistant', content: '', tool_calls: [{ id, name: 'read', arguments: `{"id":"${id}"}` }] },
  { role: 'tool', tool_call_id: id, tool_name: 'read', content: `${id} ${result}` },
];
