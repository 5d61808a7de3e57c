import type { ModelMessage } from '../model.ts';

/** Messages that only make sense together: a call of tools with its results, or a single message. */
export type Unit = ModelMessage[];

/** Split messages, the system prompt left out, where they may be parted. */
export function unitsOf(messages: readonly ModelMessage[]): Unit[] {
  const units: Unit[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    if (message.role === 'tool' && units.length > 0) units.at(-1)!.push(message);
    else units.push([message]);
  }
  return units;
}
