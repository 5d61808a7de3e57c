import type { ModelMessage } from '../../models/model.ts';

/** Messages that must stay together: tool calls with their results, or a single message. */
export type Unit = ModelMessage[];

/** Splits messages into units. Excludes system messages. */
export function unitsOf(messages: readonly ModelMessage[]): Unit[] {
  const units: Unit[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    if (message.role === 'tool' && units.length > 0) units.at(-1)!.push(message);
    else units.push([message]);
  }
  return units;
}
