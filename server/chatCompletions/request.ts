import type { ChatMessage, NewChatCompletion } from '../../contract/chatCompletions.ts';
import type { ImagePart, ModelMessage, ModelPart, ModelRequest, ModelTool, ToolChoice } from '../models/model.ts';
import { isBase64 } from '../platform/base64.ts';
import { invalidField } from '../platform/failure.ts';
import { detectImageType, hasTooManyPixels, tooManyPixels, typeDetectionBytes } from '../resources/attachments/types.ts';
import type { RemoteImage } from './remoteImages.ts';

type Content<Role extends ChatMessage['role']> = Extract<ChatMessage, { role: Role }>['content'];

/**
 * Maximum size of a request without its images, as JSON. Longer text exceeds the context of any model, and estimating its tokens would block other
 * requests.
 */
const maxTextBytes = 2 ** 20;

const withoutImages = (message: ModelMessage): ModelMessage =>
  message.role === 'user' && typeof message.content !== 'string'
    ? { ...message, content: message.content.filter(({ type }) => type === 'text') }
    : message;

/**
 * Converts a request to that of a model. The parts of `remote` have no image before `loadImages`. Throws 400 for values that contradict each
 * other, and for too much text.
 */
export async function toModelRequest(body: NewChatCompletion): Promise<{ request: ModelRequest; remote: RemoteImage[] }> {
  const remote: RemoteImage[] = [];
  const request = await convert(body, remote);
  const text = JSON.stringify({ ...request, messages: request.messages.map(withoutImages) });
  if (Buffer.byteLength(text) > maxTextBytes)
    throw invalidField(
      '/messages',
      `must have at most 1 MiB (${maxTextBytes} bytes) of text, together with the tools and the response format`,
    );
  return { request, remote };
}

async function convert(body: NewChatCompletion, remote: RemoteImage[]): Promise<ModelRequest> {
  const tools = (body.tools ?? []).map(({ function: { name, description, parameters, strict } }): ModelTool => ({
    name,
    description: description ?? '',
    parameters: parameters ?? { type: 'object', properties: {} },
    ...(strict != null && { strict }),
  }));
  const choice = toolChoiceOf(body);
  const json = jsonFormatOf(body);
  const maxTokens = body.max_completion_tokens ?? body.max_tokens;
  const { temperature, top_p, seed, stop, frequency_penalty, presence_penalty, parallel_tool_calls, user } = body;
  return {
    messages: await toModelMessages(body.messages, remote),
    tools,
    reasoning_mode: body.reasoning_effort ?? 'auto',
    ...(choice !== undefined && { tool_choice: choice }),
    ...(json && { json_format: json }),
    ...(maxTokens != null && { max_output_tokens: maxTokens }),
    ...(stop != null && { stop: [stop].flat() }),
    ...(temperature != null && { temperature }),
    ...(top_p != null && { top_p }),
    ...(seed != null && { seed }),
    ...(frequency_penalty != null && { frequency_penalty }),
    ...(presence_penalty != null && { presence_penalty }),
    ...(parallel_tool_calls != null && { parallel_tool_calls }),
    ...(user != null && { end_user: user }),
  };
}

function toolChoiceOf({ tool_choice: choice }: NewChatCompletion): ToolChoice | undefined {
  if (choice == null) return undefined;
  return typeof choice === 'string' ? choice : { name: choice.function.name };
}

function jsonFormatOf({ response_format: format }: NewChatCompletion): ModelRequest['json_format'] {
  if (format == null || format.type === 'text') return undefined;
  if (format.type === 'json_object' || !format.json_schema) return {};
  const { name, description, schema, strict } = format.json_schema;
  return { name, ...(description != null && { description }), ...(schema != null && { schema }), ...(strict != null && { strict }) };
}

async function toModelMessages(messages: readonly ChatMessage[], remote: RemoteImage[]): Promise<ModelMessage[]> {
  /** Names of the tools by call. */
  const called = new Map<string, string>();
  const converted: ModelMessage[] = [];
  for (const [index, message] of messages.entries()) {
    const at = `/messages/${index}`;
    switch (message.role) {
      case 'system':
      case 'developer':
        converted.push({ role: 'system', content: textOf(message.content) });
        break;
      case 'user':
        converted.push({ role: 'user', content: await userContent(message.content, `${at}/content`, remote) });
        break;
      case 'assistant': {
        const calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: written } }) => ({
          id,
          name,
          arguments: written,
        }));
        for (const { id, name } of calls) called.set(id, name);
        const content = textOf(message.content ?? '');
        converted.push({ role: 'assistant', content, ...(calls.length > 0 && { tool_calls: calls }) });
        break;
      }
      case 'tool': {
        const { tool_call_id, content } = message;
        converted.push({ role: 'tool', tool_call_id, tool_name: called.get(tool_call_id)!, content: textOf(content) });
      }
    }
  }
  return converted;
}

const textOf = (content: Content<'tool'>): string => (typeof content === 'string' ? content : content.map(({ text }) => text).join('\n'));

async function userContent(content: Content<'user'>, at: string, remote: RemoteImage[]): Promise<string | ModelPart[]> {
  if (typeof content === 'string') return content;
  return Promise.all(
    content.map(async (part, index): Promise<ModelPart> =>
      part.type === 'text' ? { type: 'text', text: part.text } : imageOf(part.image_url.url, `${at}/${index}/image_url/url`, remote),
    ),
  );
}

/** The bytes decide about the type, not the URL. */
async function imageOf(url: string, at: string, remote: RemoteImage[]): Promise<ImagePart> {
  if (!url.startsWith('data:')) {
    const part: ImagePart = { type: 'image', mime_type: '', data: '' };
    remote.push({ part, url, at });
    return part;
  }
  const data = url.slice(url.indexOf(',') + 1);
  if (!isBase64(data)) throw invalidField(at, 'is not base64');
  const head = Buffer.from(data.slice(0, 2 * typeDetectionBytes), 'base64');
  const mime_type = await detectImageType(head);
  if (mime_type === undefined) throw invalidField(at, 'is not a PNG, JPEG, GIF or WebP image');
  const bytes = mime_type === 'image/jpeg' ? Buffer.from(data, 'base64') : head;
  if (hasTooManyPixels(bytes, mime_type)) throw invalidField(at, tooManyPixels);
  return { type: 'image', mime_type, data };
}

/** The text of the last user message, which conditions of models can test. */
export function lastUserText({ messages }: ModelRequest): string {
  const last = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  return typeof last === 'string' ? last : last.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}
