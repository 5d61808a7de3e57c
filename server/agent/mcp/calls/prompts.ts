import type { Client, RequestOptions } from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { McpPrompt, McpPromptContent, McpPromptResult } from '../../../../contract/mcpConfigs.ts';
import { detectImageType, typeDetectionBytes } from '../../../resources/attachments/types.ts';
import { protocolError } from '../failures.ts';
import { readPages } from './pages.ts';

const maxPrompts = 1_000;
const maxMessages = 1_000;

/** What a message can store: a lone surrogate or U+0000 would make it invalid. */
const text = z.string().transform((value) => value.toWellFormed().replaceAll('\u0000', '\ufffd'));
const described = text.nullish().catch(null);
/** A name is sent back to the server, so one that would have to be changed is invalid. */
const name = z
  .string()
  .min(1)
  .max(256)
  .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value));

const Argument = z.object({ name, title: described, description: described, required: z.boolean().nullish().catch(null) });
const Prompt = z.object({ name, title: described, description: described, arguments: z.array(Argument).max(100).nullish() });
const PromptPage = z.looseObject({ prompts: z.array(z.unknown()), nextCursor: z.string().nullish() });

const mimeType = z.string().max(255);
/** In the alphabet of RFC 4648, section 4. */
const bytes = z.string().transform((value) => Buffer.from(value, 'base64').toString('base64'));
const Resource = z.object({
  uri: text,
  mimeType: mimeType.nullish().catch(null),
  text: text.optional(),
  blob: bytes.optional(),
});
const Content = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text }),
  z.object({ type: z.literal('image'), mimeType, data: bytes }),
  z.object({ type: z.literal('audio'), mimeType, data: bytes }),
  z.object({
    type: z.literal('resource'),
    resource: Resource.refine(({ text: said, blob }) => said !== undefined || blob !== undefined),
  }),
  z.object({
    type: z.literal('resource_link'),
    uri: text,
    name: text,
    title: described,
    description: described,
    mimeType: mimeType.nullish().catch(null),
  }),
]);
const Result = z.looseObject({
  description: described,
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: Content })).max(maxMessages),
});

/** All prompts of a server, at most 1 000. Skips invalid descriptions. Throws as `readPages`, or an error of the protocol library. */
export async function listPrompts(client: Client, options: RequestOptions): Promise<McpPrompt[]> {
  if (!client.getServerCapabilities()?.prompts) return [];
  const prompts = await readPages(
    'prompts',
    maxPrompts,
    (entry) => [Prompt.safeParse(entry).data ?? []].flat(),
    async (cursor) => {
      const result = await client.request({ method: 'prompts/list', params: cursor ? { cursor } : {} }, PromptPage, options);
      return { result, entries: result.prompts, nextCursor: result.nextCursor };
    },
  );
  return withUniqueNames(prompts).map((prompt) => ({
    name: prompt.name,
    title: prompt.title ?? null,
    description: prompt.description ?? null,
    arguments: withUniqueNames(prompt.arguments ?? []).map(({ name, title, description, required }) => ({
      name,
      title: title ?? null,
      description: description ?? null,
      required: required ?? false,
    })),
  }));
}

/** The first of each name: a get could not tell the others apart. */
function withUniqueNames<T extends { name: string }>(all: readonly T[]): T[] {
  const names = new Set<string>();
  return all.filter(({ name }) => !names.has(name) && names.add(name));
}

/** The messages of a prompt. Throws `mcp.protocol_error` for one that is not valid: to leave it out could change the meaning of the others. */
export async function getPrompt(
  client: Client,
  prompt: { name: string; arguments: Record<string, string> },
  options: RequestOptions,
): Promise<McpPromptResult> {
  const answer = await client.request({ method: 'prompts/get', params: prompt }, z.looseObject({}), options);
  const { data } = Result.safeParse(answer);
  if (!data) throw protocolError();
  const messages = data.messages.map(async ({ role, content }) => ({ role, content: await viewContent(content) }));
  return { description: data.description ?? null, messages: await Promise.all(messages) };
}

async function viewContent(content: z.output<typeof Content>): Promise<McpPromptContent> {
  const { type } = content;
  if (type === 'text') return { type, text: content.text };
  if (type === 'audio') return { type, mime_type: content.mimeType, data: content.data };
  if (type === 'image') return { type, mime_type: await imageType(content), data: content.data };
  if (type === 'resource_link') {
    const { uri, name, title, description, mimeType: mime } = content;
    return { type, uri, name, title: title ?? null, description: description ?? null, mime_type: mime ?? null };
  }
  const { uri, mimeType: mime, text: said, blob } = content.resource;
  return { type, uri, mime_type: mime ?? null, text: said ?? null, data: said === undefined ? blob! : null };
}

/** As for results of tools, the bytes of a supported image decide. */
async function imageType({ data, mimeType: declared }: { data: string; mimeType: string }): Promise<string> {
  // Four characters of base64 are three bytes.
  const beginning = Buffer.from(data.slice(0, Math.ceil(typeDetectionBytes / 3) * 4), 'base64');
  return (await detectImageType(beginning.subarray(0, typeDetectionBytes))) ?? declared;
}
