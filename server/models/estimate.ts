import { estimateTokenCount } from 'tokenx';
import type { ModelMessage, ModelPart, ModelTool } from './model.ts';

/** Tokens of an image of any size: providers scale large images down to about this. */
const imageTokens = 1_600;
/** Overhead of a message or tool. */
const frameTokens = 4;

/** Size of a prompt: estimated tokens (without a vendor's tokenizer), and bytes of JSON. */
export type Size = { tokens: number; bytes: number };

const known = new WeakMap<object, Size>();

/** The sizes of the newest system prompts by text: runs of a persona have the same one. */
const systemPrompts = new Map<string, Size>();
const maxSystemPrompts = 50;

/** Size of a prompt with its tools. Sizes are cached per object, so messages must not be changed in place. */
export function sizeOf(messages: readonly ModelMessage[], tools: readonly ModelTool[] = []): Size {
  const sizes = [...messages, ...tools].map((each) => {
    const size = known.get(each) ?? measure(each);
    known.set(each, size);
    return size;
  });
  return { tokens: sum(sizes.map(({ tokens }) => tokens)), bytes: sum(sizes.map(({ bytes }) => bytes)) };
}

export const estimateTokens = (messages: readonly ModelMessage[], tools: readonly ModelTool[] = []): number =>
  sizeOf(messages, tools).tokens;

function measure(each: ModelMessage | ModelTool): Size {
  if (!('role' in each) || each.role !== 'system') return measureAnew(each);
  const size = systemPrompts.get(each.content) ?? measureAnew(each);
  systemPrompts.delete(each.content);
  systemPrompts.set(each.content, size);
  if (systemPrompts.size > maxSystemPrompts) systemPrompts.delete(systemPrompts.keys().next().value!);
  return size;
}

function measureAnew(each: ModelMessage | ModelTool): Size {
  const bytes = Buffer.byteLength(JSON.stringify(each));
  return { tokens: frameTokens + ('role' in each ? messageTokens(each) : textTokens(JSON.stringify(each))), bytes };
}

function messageTokens(message: ModelMessage): number {
  if (message.role === 'user' && typeof message.content !== 'string') return sum(message.content.map(partTokens));
  const own = textTokens(message.content as string);
  if (message.role === 'tool') return own + imageTokens * (message.images?.length ?? 0);
  if (message.role !== 'assistant') return own;
  const thoughts = message.opaque === undefined ? 0 : textTokens(JSON.stringify(message.opaque));
  return own + thoughts + sum((message.tool_calls ?? []).map((call) => frameTokens + textTokens(call.name) + textTokens(call.arguments)));
}

const partTokens = (part: ModelPart) => (part.type === 'image' ? imageTokens : textTokens(part.text));

export const textTokens = (text: string): number => estimateTokenCount(text);

const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
