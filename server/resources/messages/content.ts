import {
  maxExtractedLength,
  maxMessageLength,
  type MessageContent,
  type MessagePart,
  type NewMessage,
  normalizePart,
} from '../../../contract/messages.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import type { Scope } from '../../http/scope.ts';
import { invalidField } from '../../platform/failure.ts';
import { type AttachmentReference, claimAttachments } from '../attachments/claim.ts';
import { plainTextOf } from './parts.ts';
import type { MessageRow } from './queries.ts';

export type StoredContent = { content: string; contentJson: MessageContent | null };

const maxAttachments = 8;
const maxBytes = 20 * 2 ** 20;

/**
 * The content to store for a new message. `content_json` takes precedence over `content`: its texts are joined, and its attachments are
 * added to the thread when the transaction commits. Throws 400, with `attachment_not_found` for an attachment that cannot be used.
 */
export async function storeContent(
  scope: Scope,
  threadId: string,
  { content, content_json: structured }: NewMessage,
): Promise<StoredContent> {
  if (!structured) return { content: content!, contentJson: null };
  const given = structured.parts.map(normalizePart);
  checkLengths(given);
  const parts = joinTexts(await attach(scope, threadId, given));
  if (parts.length === 0) throw invalidParts('must hold some text or an attachment');
  return { content: plainTextOf(parts), contentJson: { parts } };
}

/** The content to store for an edited message. Plain content replaces the text and keeps the attachments. */
export async function replaceContent(scope: Scope, message: MessageRow, input: NewMessage): Promise<StoredContent> {
  if (input.content_json || !message.content_json) return storeContent(scope, message.thread_id, input);
  const { parts: old } = message.content_json;
  const text: MessagePart = { type: 'text', text: input.content! };
  const parts = old.some((part) => part.type === 'text') ? old.map((part) => (part.type === 'text' ? text : part)) : [text, ...old];
  return { content: plainTextOf(parts), contentJson: { parts } };
}

const invalidParts = (message: string) => invalidField('/content_json/parts', message, inconsistentValues.reason);
const lengthOf = (texts: readonly string[]) => [...texts.join('')].length;

function checkLengths(parts: readonly MessagePart[]) {
  const texts = parts.flatMap((part) => (part.type === 'text' && part.text.trim() !== '' ? [part.text] : []));
  if (lengthOf([texts.join('\n\n')]) > maxMessageLength) throw invalidParts(`must hold at most ${maxMessageLength} characters of text`);
  const extracted = parts.flatMap((part) => (part.type === 'file' ? [part.extracted_text ?? ''] : []));
  if (lengthOf(extracted) > maxExtractedLength) throw invalidParts(`must hold at most ${maxExtractedLength} characters of extracted text`);
  if (parts.filter((part) => part.type !== 'text').length > maxAttachments)
    throw invalidParts(`must hold at most ${maxAttachments} attachments`);
}

/** Replaces media type and size by those of the stored objects. File names and extracted texts are the client's. */
async function attach(scope: Scope, threadId: string, parts: readonly MessagePart[]): Promise<MessagePart[]> {
  const named = parts.flatMap((part, at): AttachmentReference[] =>
    part.type === 'text' ? [] : [{ key: part.attachment.key, kind: part.type, path: ['content_json', 'parts', at, 'attachment'] }],
  );
  const claimed = await claimAttachments(scope, threadId, named);
  if (named.reduce((bytes, { key }) => bytes + claimed.get(key)!.size, 0) > maxBytes) throw invalidParts('must hold at most 20 MiB');
  return parts.map((part) => {
    if (part.type === 'text') return part;
    const { key, mime_type, size } = claimed.get(part.attachment.key)!;
    return { ...part, attachment: { key, filename: part.attachment.filename, mime_type, size } };
  });
}

/** Drops blank texts and joins the others with a blank line, at the position of the first. */
function joinTexts(parts: readonly MessagePart[]): MessagePart[] {
  const isText = (part: MessagePart) => part.type === 'text' && part.text.trim() !== '';
  const first = parts.findIndex(isText);
  const text = parts.flatMap((part) => (part.type === 'text' && isText(part) ? [part.text] : [])).join('\n\n');
  return parts.flatMap((part, at): MessagePart[] => (at === first ? [{ type: 'text', text }] : part.type === 'text' ? [] : [part]));
}
