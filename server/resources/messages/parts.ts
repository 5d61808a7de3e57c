import { base64Length, maxAttachmentBytes, maxImageChars } from '../../../contract/attachments.ts';
import { maxMessageLength, type MessagePart } from '../../../contract/messages.ts';
import type { Queryable } from '../../database/sql.ts';
import type { ModelPart } from '../../models/model.ts';
import { readWhole, type Storage } from '../../storage/storage.ts';
import { documentFormatOf } from '../attachments/documents/documentTypes.ts';
import { textOf as textOfFile } from '../attachments/extractText.ts';
import { objectKey, parseKey } from '../attachments/key.ts';
import { selectTexts } from '../attachments/queries.ts';
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
 * Converts message parts for a model: images with their bytes, files as text, which is read from those stored before texts were kept. An object missing from the store is replaced by its name.
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
  const isWhole = part.type === 'text' || (part.type === 'file' && (part.extracted_text !== undefined || isDocument(part)));
  const bytes = isWhole ? undefined : await readObject(storage, part.attachment.key);
  if (part.type === 'image' && bytes) return { type: 'image', mime_type: part.attachment.mime_type, data: bytes.toString('base64') };
  return {
    type: 'text',
    text: textOf(part.type === 'file' && bytes ? { ...part, extracted_text: textOfFile(bytes) } : part),
  };
}

/** A document is read when it is uploaded, and never again. */
const isDocument = ({ attachment }: FilePart) => documentFormatOf(attachment.mime_type) !== undefined;

type FilePart = Extract<MessagePart, { type: 'file' }>;

const lacksText = (part: MessagePart): part is FilePart => part.type === 'file' && part.extracted_text === undefined;

/** Adds the stored text to the files whose text is not part of their message. */
export async function addTexts(
  sql: Queryable,
  accountId: string,
  messages: readonly Pick<MessageRow, 'content_json'>[],
): Promise<(parts: readonly MessagePart[]) => MessagePart[]> {
  const idOf = ({ attachment: { key } }: FilePart) => parseKey(key)?.id;
  const ids = messages.flatMap(
    ({ content_json: structured }) => structured?.parts?.filter(lacksText).flatMap((part) => idOf(part) ?? []) ?? [],
  );
  const rows = ids.length > 0 ? await sql.rows(selectTexts, { accountId, ids: [...new Set(ids)] }) : [];
  const texts = new Map(rows.map(({ id, extracted_text: text }) => [id, text]));
  return (parts) =>
    parts.map((part) => {
      const text = lacksText(part) && texts.get(idOf(part) ?? '');
      return text ? { ...part, extracted_text: text } : part;
    });
}

async function readObject(storage: Storage | undefined, text: string): Promise<Buffer | undefined> {
  const key = parseKey(text);
  const object = key && (await storage?.get(objectKey(key.accountId, key.id)));
  return object && readWhole(object, Math.max(...Object.values(maxAttachmentBytes)));
}
