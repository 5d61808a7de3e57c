import type { ModelMessage } from '../model.ts';
import { parseObject } from '../providers/json.ts';
import { hashArguments } from '../tools/policy.ts';

type ToolMessage = Extract<ModelMessage, { role: 'tool' }>;

/** Characters that the results of all tools may have together. */
export const maxToolResultChars = 80_000;

const compacted = JSON.stringify({ compacted: true });

/**
 * Shorten the tool results of a prompt (specification, runs 7, turn step 2). A result equal to an earlier one (tool, arguments and result)
 * becomes a reference to it; when all are too long together, the oldest become `{"compacted": true}`, and what is still referred to moves to
 * the next call that brought it. Give it the whole messages every time: what it returned must not be trimmed again.
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
  /** The first of equal results is written out, the others refer to it. */
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

/** Every tool result in order, with all that are equal to it. Of results with images each is its own: what they show is not compared. */
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

/** Arguments in one spelling, whatever the order of their keys. */
function plain(written: string): string {
  const args = parseObject(written);
  return args ? hashArguments(args) : written;
}
