import { base64Length, maxDocumentBytes, maxImageChars } from '../../../contract/attachments.ts';
import { maxMessageLength, type MessagePart } from '../../../contract/messages.ts';
import type { ModelPart } from '../../models/model.ts';
import { readWhole, type Storage } from '../../storage/storage.ts';
import { extractTextOrNote } from '../attachments/extractText.ts';
import { objectKey, parseKey } from '../attachments/key.ts';
import type { MessageRow } from './queries.ts';

/** A structured message as plain text: its texts, and its attachments by name. Truncated to the maximum length of a plain message. */
export function plainTextOf(parts: readonly MessagePart[]): string {
  const text = parts.map(textOf).join('\n\n');
  return text.length > maxMessageLength ? [...text].slice(0, maxMessageLength).join('') : text;
}

function textOf(part: MessagePart): string {
  if (part.type === 'text') return part.text;
  const marker = `[${part.type}: ${part.attachment.filename}]`;
  return part.type === 'file' && part.extracted_text ? `${marker}\n${part.extracted_text}` : marker;
}

export const partsOf = ({ content, content_json: structured }: Pick<MessageRow, 'content' | 'content_json'>): MessagePart[] =>
  structured?.parts ?? [{ type: 'text', text: content }];

/**
 * Converts message parts for a model: images with their bytes, files as text. An object missing from the store is replaced by its name.
 * `room` is the maximum number of base64 characters of all images; images that do not fit are replaced by a note, later ones first.
 */
export async function loadModelParts(
  storage: Storage | undefined,
  parts: readonly MessagePart[],
  room: number = maxImageChars,
): Promise<ModelPart[]> {
  const read: ModelPart[] = [];
  let left = room;
  for (const part of parts) {
    const fits = part.type !== 'image' || base64Length(part.attachment.size) <= left;
    const told = fits ? await loadModelPart(storage, part) : omitted(part);
    if (told.type === 'image') left -= told.data.length;
    read.push(told);
  }
  return read;
}

const omitted = ({ attachment }: Extract<MessagePart, { type: 'image' }>): ModelPart => ({
  type: 'text',
  text: `[image: ${attachment.filename}, left out: the images of this conversation are too large to be sent together]`,
});

async function loadModelPart(storage: Storage | undefined, part: MessagePart): Promise<ModelPart> {
  const isWhole = part.type === 'text' || (part.type === 'file' && part.extracted_text !== undefined);
  const bytes = isWhole ? undefined : await readObject(storage, part.attachment.key);
  if (part.type === 'image' && bytes) return { type: 'image', mime_type: part.attachment.mime_type, data: bytes.toString('base64') };
  return {
    type: 'text',
    text: textOf(
      part.type === 'file' && bytes ? { ...part, extracted_text: await extractTextOrNote(bytes, part.attachment.mime_type) } : part,
    ),
  };
}

async function readObject(storage: Storage | undefined, text: string): Promise<Buffer | undefined> {
  const key = parseKey(text);
  const object = key && (await storage?.get(objectKey(key.accountId, key.id)));
  return object && readWhole(object, maxDocumentBytes);
}
