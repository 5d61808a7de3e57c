import { base64Length, maxAttachmentBytes, maxImageChars } from '../../../contract/attachments.ts';
import { type MessagePart, maxMessageLength } from '../../../contract/messages.ts';
import type { ModelPart } from '../../agent/model.ts';
import { readWhole, type Storage } from '../../kernel/storage.ts';
import { objectKey, parseKey } from '../attachments/key.ts';
import { extractText } from '../attachments/text.ts';
import type { MessageRow } from './queries.ts';

/** A structured message as one text: what it says, and what it attaches by name, cut where a plain message would end. */
export function projectionOf(parts: readonly MessagePart[]): string {
  const text = parts.map(textOf).join('\n\n');
  return text.length > maxMessageLength ? [...text].slice(0, maxMessageLength).join('') : text;
}

function textOf(part: MessagePart): string {
  if (part.type === 'text') return part.text;
  const marker = `[${part.type}: ${part.attachment.filename}]`;
  return part.type === 'file' && part.extracted_text ? `${marker}\n${part.extracted_text}` : marker;
}

/** What a model is told by a message: its parts in order, or its text alone. */
export const partsOf = ({ content, content_json: structured }: Pick<MessageRow, 'content' | 'content_json'>): MessagePart[] =>
  structured?.parts ?? [{ type: 'text', text: content }];

/**
 * The parts as a model takes them, with the bytes of images and the texts of files; what is missing in the store is there by name only. Images
 * beyond `room` characters of base64 are left out with a note, the later ones first.
 */
export async function readParts(
  storage: Storage | undefined,
  parts: readonly MessagePart[],
  room: number = maxImageChars,
): Promise<ModelPart[]> {
  const read: ModelPart[] = [];
  let left = room;
  for (const part of parts) {
    const fits = part.type !== 'image' || base64Length(part.attachment.size) <= left;
    const told = fits ? await readPart(storage, part) : omitted(part);
    if (told.type === 'image') left -= told.data.length;
    read.push(told);
  }
  return read;
}

const omitted = ({ attachment }: Extract<MessagePart, { type: 'image' }>): ModelPart => ({
  type: 'text',
  text: `[image: ${attachment.filename}, left out: the images of this conversation are too large to be sent together]`,
});

async function readPart(storage: Storage | undefined, part: MessagePart): Promise<ModelPart> {
  const isWhole = part.type === 'text' || (part.type === 'file' && part.extracted_text !== undefined);
  const bytes = isWhole ? undefined : await read(storage, part.attachment.key);
  if (part.type === 'image' && bytes) return { type: 'image', mime_type: part.attachment.mime_type, data: bytes.toString('base64') };
  return { type: 'text', text: textOf(part.type === 'file' && bytes ? { ...part, extracted_text: extractText(bytes) } : part) };
}

async function read(storage: Storage | undefined, text: string): Promise<Buffer | undefined> {
  const key = parseKey(text);
  const object = key && (await storage?.get(objectKey(key.accountId, key.id)));
  return object && readWhole(object, maxAttachmentBytes.image);
}
