import type { ModelMessage } from '../../models/model.ts';
import { parseObject } from '../../models/wire/json.ts';
import { hashArguments } from '../tools/validateCalls.ts';

type ToolMessage = Extract<ModelMessage, { role: 'tool' }>;

/** Total characters of all tool results in a prompt. */
export const maxToolResultChars = 80_000;

const compacted = JSON.stringify({ compacted: true });

/**
 * Shortens the tool results of a prompt. A result equal to an earlier one (same tool, arguments and result) becomes a
 * reference to it. If all results together are too long, the oldest become `{"compacted": true}`; a result that is
 * still referenced moves to the next equal call. Always pass the complete messages: the output must not be trimmed
 * again.
 */
export function trimToolResults(messages: readonly ModelMessage[]): ModelMessage[] {
  const equals = equalResults(messages);
  const contents = new Map<ToolMessage, string>();
  let total = 0;
  const write = (message: ToolMessage, content: string) => {
    const shorter = content.length < message.content.length ? content : message.content;
    total += shorter.length - (contents.get(message) ?? '').length;
    contents.set(message, shorter);
  };
  /** Keeps the first of several equal results and makes the others refer to it. */
  const writeOnce = ([first, ...later]: ToolMessage[]) => {
    if (!first) return;
    write(first, first.content);
    for (const message of later) write(message, JSON.stringify({ same_as: first.tool_call_id }));
  };
  for (const same of new Set(equals.values())) writeOnce(same);
  for (const [message, same] of equals) {
    if (total <= maxToolResultChars) break;
    write(message, compacted);
    writeOnce(same.slice(same.indexOf(message) + 1));
  }
  return messages.map((message) => {
    const content = message.role === 'tool' ? contents.get(message) : undefined;
    return content === undefined || content === message.content ? message : shortened(message as ToolMessage, content);
  });
}

const shortened = ({ images: _, ...message }: ToolMessage, content: string): ToolMessage => ({ ...message, content });

/** Every tool result in order, with all results equal to it. A result with images equals no other, because images are not compared. */
function equalResults(messages: readonly ModelMessage[]): Map<ToolMessage, ToolMessage[]> {
  const groups = new Map<string, ToolMessage[]>();
  const equals = new Map<ToolMessage, ToolMessage[]>();
  const args = new Map<string, string>();
  for (const message of messages) {
    if (message.role === 'assistant') for (const call of message.tool_calls ?? []) args.set(call.id, plain(call.arguments));
    if (message.role !== 'tool') continue;
    const shown = message.images?.length ? equals.size : undefined;
    const key = JSON.stringify([message.tool_name, args.get(message.tool_call_id), message.is_error === true, message.content, shown]);
    const group = groups.get(key) ?? [];
    group.push(message);
    groups.set(key, group);
    equals.set(message, group);
  }
  return equals;
}

/** Canonical form of arguments, independent of key order. */
function plain(written: string): string {
  const args = parseObject(written);
  return args ? hashArguments(args) : written;
}
