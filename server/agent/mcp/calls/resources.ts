import type { Client, RequestOptions } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { ToolFailure, type ToolOutput } from '../../tools/tool.ts';
import type { Server } from '../server.ts';
import type { ServerTool } from '../serverTools.ts';
import { redact } from './redactToken.ts';
import { readResult } from './results.ts';

/** Resources, and templates, in one result: it should not be cut. */
const maxListed = 100;
const maxDescription = 300;

const ListArguments = z.strictObject({ cursor: z.string().min(1).max(2_000).optional() });
const ReadArguments = z.strictObject({ uri: z.string().min(1).max(8_000) });

/** The tools for the resources of a server, in the form of its own tools. */
export const resourceTools: readonly ServerTool[] = [
  {
    name: 'list_resources',
    method: 'resources/list',
    description: 'List the documents and data that this server offers, by URI. Pass next_cursor as cursor for more.',
    inputSchema: { type: 'object', properties: { cursor: { type: 'string' } } },
    annotations: { readOnlyHint: true },
  },
  {
    name: 'read_resource',
    method: 'resources/read',
    description: 'Read a resource of this server, such as one of a list or of a resource_link in a result.',
    inputSchema: { type: 'object', properties: { uri: { type: 'string' } }, required: ['uri'] },
    annotations: { readOnlyHint: true },
  },
];

const text = z.string().optional().catch(undefined);
const described = { name: text, title: text, description: text, mimeType: text };
const Resource = z.object({ uri: z.string(), ...described, size: z.number().optional().catch(undefined) });
const Template = z.object({ uriTemplate: z.string(), ...described });
/** Skips invalid entries, and counts those that are too many. */
const listOf = <T extends z.ZodType>(entry: T) =>
  z.array(z.unknown()).transform((all) => {
    const valid = all.flatMap((each) => entry.safeParse(each).data ?? []);
    return { listed: valid.slice(0, maxListed), omitted: Math.max(0, valid.length - maxListed) };
  });
const ResourcePage = z.looseObject({ resources: listOf(Resource), nextCursor: z.string().nullish() });
const TemplatePage = z.looseObject({ resourceTemplates: listOf(Template) });
const Contents = z.looseObject({ contents: z.array(z.looseObject({ uri: z.string() })) });

/** Lists or reads resources of a server. Throws `tool.args_invalid`, or an error of the protocol library. */
export async function callResourceTool(
  client: Client,
  method: NonNullable<ServerTool['method']>,
  args: Record<string, unknown>,
  { server, ...options }: RequestOptions & { server: Server },
): Promise<ToolOutput> {
  if (method === 'resources/read') {
    const { uri } = parse(ReadArguments, args);
    const { contents } = await client.request({ method, params: { uri } }, Contents, options);
    return readResult({ content: contents.map((resource) => ({ type: 'resource', resource: withText(resource) })) });
  }
  const { cursor } = parse(ListArguments, args);
  const { resources, nextCursor } = await client.request({ method, params: cursor ? { cursor } : {} }, ResourcePage, options);
  const templates = cursor ? undefined : await listTemplates(client, options);
  const omitted = resources.omitted + (templates?.omitted ?? 0);
  return {
    result: {
      resources: shorten(server, resources.listed),
      ...(templates?.listed.length && { templates: shorten(server, templates.listed) }),
      ...(omitted > 0 && { omitted }),
      ...(nextCursor && { next_cursor: nextCursor }),
    },
  };
}

/** Removes the tokens of the server before it cuts: a part of a token would not be found any more. */
const shorten = <T extends { description?: string | undefined }>(server: Server, entries: T[]): T[] =>
  redact(server, entries).map((entry) => ({
    ...entry,
    ...(entry.description !== undefined && { description: entry.description.slice(0, maxDescription).toWellFormed() }),
  }));

const textTypes = /^(?:text\/|application\/(?:json|xml|yaml)\b)/i;

/** The text of bytes that are declared as text, if they are UTF-8. */
function textOf(mimeType: unknown, base64: string): string | undefined {
  if (typeof mimeType !== 'string' || !textTypes.test(mimeType)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

/** Servers also send texts as bytes. */
function withText({ blob, ...resource }: Record<string, unknown>): Record<string, unknown> {
  const text = typeof blob === 'string' ? textOf(resource.mimeType, blob) : undefined;
  return text === undefined ? { ...resource, ...(blob !== undefined && { blob }) } : { ...resource, text };
}

/** A server need not have templates, and may answer with an error then. */
async function listTemplates(client: Client, options: RequestOptions) {
  try {
    const { resourceTemplates } = await client.request({ method: 'resources/templates/list', params: {} }, TemplatePage, options);
    return resourceTemplates;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (typeof (error as { code?: unknown }).code === 'number') return undefined;
    throw error;
  }
}

function parse<T extends z.ZodType>(schema: T, args: Record<string, unknown>): z.output<T> {
  const { data, error } = schema.safeParse(args);
  if (error) throw new ToolFailure('tool.args_invalid', z.prettifyError(error));
  return data;
}
