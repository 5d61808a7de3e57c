import type { LanguageModelV4CallOptions, LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { ImagePart, ModelMessage, ModelPart, ModelRequest, ToolChoice } from '../model.ts';
import { asObject, asObjects, asText, parseObject, withoutUndefined } from './json.ts';
import type { ToolNames } from './toolNames.ts';

export type Dialect = 'anthropic' | 'openai_responses' | 'openai_chat' | 'gemini';

/**
 * A reasoning part to send back. `at`: 0 before the text, n before the nth tool call. `thought_signature` belongs to the text or the call
 * itself.
 */
export type ReasoningPart = { at: number; text: string } & (
  | { signature: string }
  | { thought_signature: string }
  | { redacted: string }
  | { id: string; encrypted_content: string }
);

type Part = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'][number];
type UserPart = Extract<LanguageModelV4Message, { role: 'user' }>['content'][number];

const cached = { anthropic: { cacheControl: { type: 'ephemeral' } } };

/**
 * Converts messages and tools to call options of the SDK. Uses two of the four cache marks that Anthropic allows: last
 * tool and last system message.
 */
export function callOptions(request: ModelRequest, dialect: Dialect, names: ToolNames): LanguageModelV4CallOptions {
  const caching = request.prompt_cache_control === 'system_prompt';
  const lastSystem = request.messages.findLastIndex(({ role }) => role === 'system');
  const converted: LanguageModelV4Prompt = request.messages.flatMap((message, index) => {
    const marked = caching && index === lastSystem;
    const written = toMessage(message, dialect, names);
    return written ? [marked ? { ...written, providerOptions: cached } : written] : [];
  });
  const prompt = dialect === 'gemini' ? geminiTurns(converted) : converted;
  const tools = request.tools.map((tool, index) => ({
    ...(caching && index === request.tools.length - 1 && { providerOptions: cached }),
    type: 'function' as const,
    name: names.upstream(tool.name),
    description: tool.description,
    inputSchema: tool.parameters,
    ...(tool.strict !== undefined && { strict: tool.strict }),
  }));
  const { tool_choice: choice, json_format: json, stop } = request;
  return {
    prompt,
    ...(tools.length > 0 && { tools }),
    ...(tools.length > 0 && choice !== undefined && { toolChoice: toToolChoice(choice, names) }),
    ...(json && {
      responseFormat: {
        type: 'json' as const,
        ...withoutUndefined({ schema: json.schema, name: json.name, description: json.description }),
      },
    }),
    ...(stop && { stopSequences: stop }),
    ...(request.seed !== undefined && { seed: request.seed }),
    ...(request.frequency_penalty !== undefined && { frequencyPenalty: request.frequency_penalty }),
    ...(request.presence_penalty !== undefined && { presencePenalty: request.presence_penalty }),
    ...(request.temperature !== undefined && { temperature: request.temperature }),
    ...(request.top_p !== undefined && { topP: request.top_p }),
    ...(request.max_output_tokens !== undefined && { maxOutputTokens: request.max_output_tokens }),
  };
}

/**
 * Gemini wants the results of all calls of a turn in one message, and instructions only at the beginning. Later ones become messages of the
 * user.
 */
function geminiTurns(messages: LanguageModelV4Prompt): LanguageModelV4Prompt {
  const turns: LanguageModelV4Prompt = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (message.role === 'tool' && last?.role === 'tool')
      turns[turns.length - 1] = { ...last, content: [...last.content, ...message.content] };
    else if (message.role === 'system' && last && last.role !== 'system')
      turns.push({ role: 'user', content: [{ type: 'text', text: message.content }] });
    else turns.push(message);
  }
  return turns;
}

const toToolChoice = (choice: ToolChoice, names: ToolNames) =>
  typeof choice === 'string' ? { type: choice } : { type: 'tool' as const, toolName: names.upstream(choice.name) };

function toMessage(message: ModelMessage, dialect: Dialect, names: ToolNames): LanguageModelV4Message | undefined {
  if (message.role === 'system') return { role: 'system', content: message.content };
  if (message.role === 'user') return { role: 'user', content: userParts(message.content) };
  if (message.role === 'tool') {
    const toolName = names.upstream(message.tool_name);
    return {
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: message.tool_call_id, toolName, output: toolOutput(message, dialect) }],
    };
  }
  const content = assistantParts(message, dialect, names);
  return content.length > 0 ? { role: 'assistant', content } : undefined;
}

type ToolOutput = Extract<Extract<LanguageModelV4Message, { role: 'tool' }>['content'][number], { type: 'tool-result' }>['output'];

/** Chat completions accept only text as a tool result, so images are left out. */
function toolOutput({ content, images = [], is_error }: Extract<ModelMessage, { role: 'tool' }>, dialect: Dialect): ToolOutput {
  // OpenAI has no error flag for tool results: the SDK would wrap the text in an object.
  if (is_error && (dialect === 'anthropic' || dialect === 'gemini')) return { type: 'error-text', value: content };
  if (images.length === 0) return { type: 'text', value: content };
  if (dialect === 'openai_chat')
    return { type: 'text', value: `${content}\n[${images.length} image(s) left out: this API takes no images from tools]` };
  return { type: 'content', value: [{ type: 'text', text: content }, ...images.map(filePart)] };
}

const userParts = (content: string | ModelPart[]): UserPart[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content.map((part) => (part.type === 'text' ? part : filePart(part)));

const filePart = ({ mime_type, data }: ImagePart) => ({ type: 'file', mediaType: mime_type, data: { type: 'data', data } }) as const;

/** Omits reasoning after the last call: Anthropic rejects a message that ends with thinking. */
function assistantParts(message: Extract<ModelMessage, { role: 'assistant' }>, dialect: Dialect, names: ToolNames): Part[] {
  const reasoning = reasoningIn(message.opaque, dialect);
  const calls = message.tool_calls ?? [];
  const before = (at: number) =>
    reasoning.flatMap((part) => (part.at === at && !('thought_signature' in part) ? [reasoningPart(part)] : []));
  const signed = (at: number) => signatureAt(reasoning, at);
  return [
    ...before(0),
    ...(message.content === '' ? [] : [{ type: 'text' as const, text: message.content, ...signed(0) }]),
    ...calls.flatMap(({ id, name, arguments: written }, index): Part[] => [
      ...before(index + 1),
      { type: 'tool-call', toolCallId: id, toolName: names.upstream(name), input: parseObject(written) ?? {}, ...signed(index + 1) },
    ]),
  ];
}

/** Whether the newest tool calls come without the reasoning before them, such as those of another model or of a replayed run. */
export function lacksReasoning(messages: readonly ModelMessage[], dialect: Dialect): boolean {
  const last = messages.findLast(({ role }) => role === 'assistant');
  if (last?.role !== 'assistant' || !last.tool_calls?.length) return false;
  return !reasoningIn(last.opaque, dialect).some(({ at }) => at === 0);
}

function reasoningIn(opaque: unknown, dialect: Dialect): ReasoningPart[] {
  const held = asObject(opaque);
  return held.dialect === dialect ? (asObjects(held.parts) as ReasoningPart[]) : [];
}

function signatureAt(reasoning: readonly ReasoningPart[], at: number) {
  const part = reasoning.findLast((each) => each.at === at && 'thought_signature' in each);
  return part && 'thought_signature' in part ? { providerOptions: { google: { thoughtSignature: part.thought_signature } } } : {};
}

function reasoningPart(part: Exclude<ReasoningPart, { thought_signature: string }>): Part {
  const providerOptions =
    'signature' in part
      ? { anthropic: { signature: part.signature } }
      : 'redacted' in part
        ? { anthropic: { redactedData: part.redacted } }
        : { openai: { itemId: part.id, reasoningEncryptedContent: part.encrypted_content } };
  return { type: 'reasoning', text: asText(part.text), providerOptions };
}
