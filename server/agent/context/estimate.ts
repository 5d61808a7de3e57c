import { estimateTokenCount } from 'tokenx';
import type { ModelMessage, ModelPart, ModelTool } from '../model.ts';

/** What an image costs, whatever its size: providers scale large ones down to about this. */
const imageTokens = 1_600;
/** The marks around a message or a tool. */
const frameTokens = 4;

/** How large a prompt is: tokens as estimated (no tokenizer of a vendor is asked), bytes as JSON. */
export type Size = { tokens: number; bytes: number };

const known = new WeakMap<object, Size>();

/** The size of a prompt with its tools. What was measured once is not measured again, so messages must not be changed in place. */
export function sizeOf(messages: readonly ModelMessage[], tools: readonly ModelTool[] = []): Size {
  const sizes = [...messages, ...tools].map((each) => {
    const size = known.get(each) ?? measure(each);
    known.set(each, size);
    return size;
  });
  return { tokens: sum(sizes.map(({ tokens }) => tokens)), bytes: sum(sizes.map(({ bytes }) => bytes)) };
}

/** Tokens of a prompt with its tools, estimated. */
export const estimateTokens = (messages: readonly ModelMessage[], tools: readonly ModelTool[] = []): number =>
  sizeOf(messages, tools).tokens;

function measure(each: ModelMessage | ModelTool): Size {
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

/** Tokens of a text, estimated. */
export const textTokens = (text: string): number => estimateTokenCount(text);

const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
