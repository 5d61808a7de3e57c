import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { imageTypes, maxAttachmentBytes, maxImageChars } from '../../../../contract/attachments.ts';
import type { ImagePart } from '../../../models/model.ts';
import { detectImageType, hasTooManyPixels, tooManyPixels, typeDetectionBytes } from '../../../resources/attachments/types.ts';
import type { ToolOutput } from '../../tools/tool.ts';

type Json = Record<string, unknown>;

const Block = z.looseObject({ type: z.string() });

/** The result of `tools/call`. Requires `content` or `structuredContent`. */
export const CallResult = z
  .looseObject({ content: z.array(Block).optional(), structuredContent: z.looseObject({}).optional(), isError: z.boolean().optional() })
  .refine(({ content, structuredContent }) => content !== undefined || structuredContent !== undefined);
export type CallResult = z.infer<typeof CallResult>;

type ConvertedBlock = { block: Json; image?: ImagePart };

/**
 * Converts a result for the model: images as images; texts, links and structured content as JSON. Bytes that no model
 * can read become a note. Structured content that a text block repeats is left out.
 */
export async function readResult({ content = [], structuredContent, isError }: CallResult): Promise<ToolOutput> {
  // An error result keeps no images.
  let room = isError ? 0 : maxImageChars;
  const told: ConvertedBlock[] = [];
  for (const block of content) {
    const each = await read(block, room);
    room -= each.image?.data.length ?? 0;
    told.push(each);
  }
  const repeats = structuredContent !== undefined && content.some((block) => isDeepStrictEqual(parsed(block.text), structuredContent));
  const result = { content: told.map(({ block }) => block), ...(structuredContent && !repeats && { structuredContent }) };
  return { result, images: told.flatMap(({ image }) => image ?? []) };
}

async function read(block: z.infer<typeof Block>, room: number): Promise<ConvertedBlock> {
  const { type } = block;
  const { _meta, icons, ...plain } = block;
  if (type === 'image' || type === 'audio') return readBytes({ type, mimeType: block.mimeType }, block.data, room);
  const { data: resource } = z.looseObject({}).safeParse(type === 'resource' ? block.resource : undefined);
  if (!resource) return { block: plain };
  const { uri, mimeType, text, blob } = resource;
  if (typeof blob !== 'string') return { block: { type, resource: { uri, mimeType, text } } };
  const { block: told, ...image } = await readBytes({ type, mimeType }, blob, room);
  return { block: { ...told, uri }, ...image };
}

/** An image of a supported type that fits into `room`, or a note that describes what was left out. */
async function readBytes(named: { type: string; mimeType: unknown }, base64: unknown, room: number): Promise<ConvertedBlock> {
  const bytes = Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64');
  const noted = (note: string): ConvertedBlock => ({ block: { ...named, size: bytes.length, note } });
  // Data declared as audio is never an image. Only the bytes decide the type of everything else.
  const type = named.type === 'audio' ? undefined : await detectImageType(bytes.subarray(0, typeDetectionBytes));
  if (!type) return noted(`Left out: a model can be shown ${imageTypes.join(', ')} only.`);
  if (hasTooManyPixels(bytes, type)) return noted(`Left out: it ${tooManyPixels}.`);
  // Re-encode: vendors reject base64 in other alphabets.
  const data = bytes.toString('base64');
  if (data.length > room)
    return noted(`Left out: the images of a result have at most ${maxAttachmentBytes.image} bytes together, those of a failure none.`);
  return { ...noted('Given to the model as an image, as long as the run lasts.'), image: { type: 'image', mime_type: type, data } };
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
