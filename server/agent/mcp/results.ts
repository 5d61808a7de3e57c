import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { imageTypes, maxAttachmentBytes, maxImageChars } from '../../../contract/attachments.ts';
import { imageTypeOf, tellingBytes } from '../../resources/attachments/types.ts';
import type { ImagePart } from '../model.ts';
import type { ToolOutput } from '../tools/tool.ts';

type Json = Record<string, unknown>;

const Block = z.looseObject({ type: z.string() });

/** The answer to `tools/call`: at least one of content and structured content. */
export const CallResult = z
  .looseObject({ content: z.array(Block).optional(), structuredContent: z.looseObject({}).optional(), isError: z.boolean().optional() })
  .refine(({ content, structuredContent }) => content !== undefined || structuredContent !== undefined);
export type CallResult = z.infer<typeof CallResult>;

/** What a block brings: JSON for the model to read, and an image if it is one. */
type Told = { block: Json; image?: ImagePart };

/**
 * A result as a model takes it: images as images, texts, links and structured content as JSON. Of bytes that no model can be shown there is
 * a note; structured content that a text repeats is left out.
 */
export async function readResult({ content = [], structuredContent, isError }: CallResult): Promise<ToolOutput> {
  // A failure is told in words.
  let room = isError ? 0 : maxImageChars;
  const told: Told[] = [];
  for (const block of content) {
    const each = await read(block, room);
    room -= each.image?.data.length ?? 0;
    told.push(each);
  }
  const repeats = structuredContent !== undefined && content.some((block) => isDeepStrictEqual(parsed(block.text), structuredContent));
  const result = { content: told.map(({ block }) => block), ...(structuredContent && !repeats && { structuredContent }) };
  return { result, images: told.flatMap(({ image }) => image ?? []) };
}

async function read(block: z.infer<typeof Block>, room: number): Promise<Told> {
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

/** An image of a kind that models are shown, and as large as they take it; of everything else what it was. */
async function readBytes(named: { type: string; mimeType: unknown }, base64: unknown, room: number): Promise<Told> {
  const bytes = Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64');
  const noted = (note: string): Told => ({ block: { ...named, size: bytes.length, note } });
  // What is called audio may be anything else; only the bytes of images are looked at.
  const type = named.type === 'audio' ? undefined : await imageTypeOf(bytes.subarray(0, tellingBytes));
  if (!type) return noted(`Left out: a model can be shown ${imageTypes.join(', ')} only.`);
  // Vendors refuse what is not written in the plain alphabet.
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
