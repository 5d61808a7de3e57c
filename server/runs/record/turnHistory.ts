import { z } from 'zod';
import type { MessageCompletion } from '../../../contract/messages.ts';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { ModelMessage } from '../../models/model.ts';
import { withoutUndefined } from '../../models/wire/json.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { insertTurnHistory } from '../../resources/messages/runQueries.ts';
import type { LeasedRun } from '../lease/lease.ts';

const dropTurns = statement<{ accountId: string; runId: string }>()((db, $) =>
  db.deleteFrom('run_turns').where('account_id', '=', $.accountId).where('run_id', '=', $.runId),
);

export type TurnOwner = Pick<LeasedRun, 'id' | 'account_id' | 'thread_id'>;

/**
 * Stores the messages of a run before its answer as hidden messages, for the prompts of later runs. An unfinished
 * answer is stored completely, including its text and the opaque provider data. A final assistant message without calls
 * was cut off.
 */
export async function storeTurns(
  tx: Queryable,
  run: TurnOwner,
  history: readonly ModelMessage[],
  completion: MessageCompletion = 'complete',
): Promise<void> {
  if (history.length === 0) return;
  const ids = history.map(() => newId());
  const texts = history.map(({ content }) => storableText(typeof content === 'string' ? content : ''));
  const parts = history.map((message, at) => storableJson(toStoredTurn(message, completion !== 'complete', at === history.length - 1)));
  await tx.run(insertTurnHistory, {
    accountId: run.account_id,
    threadId: run.thread_id,
    runId: run.id,
    completion,
    count: history.length,
    ids,
    contents: texts,
    contentJsons: parts,
  });
  if (history.some((message) => 'opaque' in message && message.opaque !== undefined))
    await tx.run(dropTurns, { accountId: run.account_id, runId: run.id });
}

const StoredTurn = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user') }),
  z.object({
    kind: z.literal('assistant'),
    tool_calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })).optional(),
    opaque: z.unknown().optional(),
  }),
  z.object({ kind: z.literal('unfinished') }),
  z.object({ kind: z.literal('tool'), tool_call_id: z.string(), tool_name: z.string(), is_error: z.boolean() }),
]);

function toStoredTurn(message: ModelMessage, isUnfinished: boolean, isLast: boolean): z.output<typeof StoredTurn> {
  if (message.role === 'assistant') {
    const { tool_calls, opaque } = message;
    if (isUnfinished && isLast && !tool_calls) return { kind: 'unfinished' };
    return { kind: 'assistant', ...(tool_calls && { tool_calls }), ...(isUnfinished && opaque !== undefined && { opaque }) };
  }
  if (message.role !== 'tool') return { kind: 'user' };
  const { tool_call_id, tool_name, is_error = false } = message;
  return { kind: 'tool', tool_call_id, tool_name, is_error };
}

/** Reads a hidden message. Undefined if it is invalid. */
export function readTurn(content: string, contentJson: unknown): Exclude<ModelMessage, { role: 'system' }> | undefined {
  const { data } = StoredTurn.safeParse(contentJson);
  if (!data) return undefined;
  switch (data.kind) {
    case 'user':
      return { role: 'user', content };
    case 'assistant':
      return { role: 'assistant', content, ...withoutUndefined({ tool_calls: data.tool_calls, opaque: data.opaque }) };
    case 'unfinished':
      return { role: 'assistant', content };
    case 'tool': {
      const { kind: _, ...facts } = data;
      return { role: 'tool', content, ...facts };
    }
  }
}

/** Removes calls without results and results without calls, which a provider would reject. */
export function withMatchedCalls(messages: readonly ModelMessage[]): ModelMessage[] {
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

/** PostgreSQL does not store U+0000 or lone surrogates. */
export const storableText = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** Replaces the escapes of U+0000 and lone surrogates, which `jsonb` rejects. */
const storableJson = (value: unknown): string =>
  JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\\ufffd');
