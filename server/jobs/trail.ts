import { z } from 'zod';
import type { MessageCompletion } from '../../contract/messages.ts';
import type { ModelMessage } from '../agent/model.ts';
import { defined } from '../agent/providers/json.ts';
import { newId } from '../kernel/ids.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import { insertTrail } from '../resources/messages/queries.ts';
import type { LeasedRun } from './lease.ts';

const dropTurns = statement<never>('delete from run_turns where account_id = $1 and run_id = $2');

/** The run that a trail belongs to. */
export type TrailOwner = Pick<LeasedRun, 'id' | 'account_id' | 'thread_id'>;

/**
 * Store what a run said and did before its answer as hidden messages of the thread, for the prompts of later runs. Of an answer that was not
 * finished everything is stored, also its text and what the provider wants back; an assistant's message without calls at its end was cut off.
 */
export async function storeTrail(
  tx: Sql,
  run: TrailOwner,
  trail: readonly ModelMessage[],
  completion: MessageCompletion = 'complete',
): Promise<void> {
  if (trail.length === 0) return;
  const ids = trail.map(() => newId());
  const texts = trail.map(({ content }) => storableText(typeof content === 'string' ? content : ''));
  const parts = trail.map((message, at) => storableJson(kept(message, completion !== 'complete', at === trail.length - 1)));
  await tx.run(insertTrail, [run.account_id, run.thread_id, run.id, trail.length, ids, texts, parts, completion]);
  if (trail.some((message) => 'opaque' in message && message.opaque !== undefined)) await tx.run(dropTurns, [run.account_id, run.id]);
}

const Kept = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user') }),
  z.object({
    kind: z.literal('assistant'),
    tool_calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })).optional(),
    opaque: z.unknown().optional(),
  }),
  z.object({ kind: z.literal('unfinished') }),
  z.object({ kind: z.literal('tool'), tool_call_id: z.string(), tool_name: z.string(), is_error: z.boolean() }),
]);

function kept(message: ModelMessage, isUnfinished: boolean, isLast: boolean): z.output<typeof Kept> {
  if (message.role === 'assistant') {
    const { tool_calls, opaque } = message;
    if (isUnfinished && isLast && !tool_calls) return { kind: 'unfinished' };
    return { kind: 'assistant', ...(tool_calls && { tool_calls }), ...(isUnfinished && opaque !== undefined && { opaque }) };
  }
  if (message.role !== 'tool') return { kind: 'user' };
  const { tool_call_id, tool_name, is_error = false } = message;
  return { kind: 'tool', tool_call_id, tool_name, is_error };
}

/** A hidden message as it was said; undefined when it cannot be read. */
export function readTrail(content: string, contentJson: unknown): Exclude<ModelMessage, { role: 'system' }> | undefined {
  const { data } = Kept.safeParse(contentJson);
  if (!data) return undefined;
  switch (data.kind) {
    case 'user':
      return { role: 'user', content };
    case 'assistant':
      return { role: 'assistant', content, ...defined({ tool_calls: data.tool_calls, opaque: data.opaque }) };
    case 'unfinished':
      return { role: 'assistant', content };
    case 'tool': {
      const { kind: _, ...facts } = data;
      return { role: 'tool', content, ...facts };
    }
  }
}

/** Calls with all their results and results of those calls only: what a provider would refuse is left out. */
export function matchingPairs(messages: readonly ModelMessage[]): ModelMessage[] {
  const answered = new Set(messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : [])));
  const asked = new Set<string>();
  return messages.flatMap((message): ModelMessage[] => {
    if (message.role === 'tool') return asked.delete(message.tool_call_id) ? [message] : [];
    if (message.role !== 'assistant' || !message.tool_calls) return [message];
    const calls = message.tool_calls.filter(({ id }) => answered.has(id));
    for (const { id } of calls) asked.add(id);
    const { tool_calls: _, opaque, ...said } = message;
    if (calls.length === message.tool_calls.length) return [message];
    if (calls.length > 0) return [{ ...said, tool_calls: calls }];
    return said.content === '' ? [] : [said];
  });
}

/** PostgreSQL stores no U+0000, and a lone surrogate is no text. */
export const storableText = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** JSON that `jsonb` takes: the same holds of its texts. */
const storableJson = (value: unknown): string =>
  JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\\ufffd');
