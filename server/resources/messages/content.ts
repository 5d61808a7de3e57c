import {
  type MessageContent,
  type MessagePart,
  maxExtractedLength,
  maxMessageLength,
  type NewMessage,
} from '../../../contract/messages.ts';
import { invalidField } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { claimAttachments, type Named } from '../attachments/claim.ts';
import { projectionOf } from './parts.ts';
import type { MessageRow } from './queries.ts';

/** What of a message is stored: its text, and its parts if there are some. */
export type StoredContent = { content: string; contentJson: MessageContent | null };

const mostAttachments = 8;
const mostBytes = 20 * 2 ** 20;

/**
 * What of a new message of a thread is stored. Structured content wins: its texts become one, and what it attaches becomes the thread's with
 * the commit (runs 2). Throws 400, with `attachment_not_found` for what cannot be attached.
 */
export async function storeContent(
  scope: Scope,
  threadId: string,
  { content, content_json: structured }: NewMessage,
): Promise<StoredContent> {
  if (!structured) return { content: content!, contentJson: null };
  checkLengths(structured.parts);
  const parts = joinTexts(await attach(scope, threadId, structured.parts));
  if (parts.length === 0) throw broken('must hold some text or an attachment');
  return { content: projectionOf(parts), contentJson: { parts } };
}

/** The same for a message that changes: plain content takes the place of the text, and what is attached stays. */
export async function replaceContent(scope: Scope, message: MessageRow, input: NewMessage): Promise<StoredContent> {
  if (input.content_json || !message.content_json) return storeContent(scope, message.thread_id, input);
  const { parts: old } = message.content_json;
  const text: MessagePart = { type: 'text', text: input.content! };
  const parts = old.some((part) => part.type === 'text') ? old.map((part) => (part.type === 'text' ? text : part)) : [text, ...old];
  return { content: projectionOf(parts), contentJson: { parts } };
}

const broken = (message: string) => invalidField('/content_json/parts', message);
const lengthOf = (texts: readonly string[]) => [...texts.join('')].length;

function checkLengths(parts: readonly MessagePart[]) {
  const texts = parts.flatMap((part) => (part.type === 'text' && part.text.trim() !== '' ? [part.text] : []));
  if (lengthOf([texts.join('\n\n')]) > maxMessageLength) throw broken(`must hold at most ${maxMessageLength} characters of text`);
  const extracted = parts.flatMap((part) => (part.type === 'file' ? [part.extracted_text ?? ''] : []));
  if (lengthOf(extracted) > maxExtractedLength) throw broken(`must hold at most ${maxExtractedLength} characters of extracted text`);
  if (parts.filter((part) => part.type !== 'text').length > mostAttachments)
    throw broken(`must hold at most ${mostAttachments} attachments`);
}

/** The parts with what is known of the stored objects; names and texts are the sender's. */
async function attach(scope: Scope, threadId: string, parts: readonly MessagePart[]): Promise<MessagePart[]> {
  const named = parts.flatMap((part, at): Named[] =>
    part.type === 'text' ? [] : [{ key: part.attachment.key, kind: part.type, path: ['content_json', 'parts', at, 'attachment'] }],
  );
  const claimed = await claimAttachments(scope, threadId, named);
  if (named.reduce((bytes, { key }) => bytes + claimed.get(key)!.size, 0) > mostBytes) throw broken('must hold at most 20 MiB');
  return parts.map((part) => {
    if (part.type === 'text') return part;
    const { key, mime_type, size } = claimed.get(part.attachment.key)!;
    return { ...part, attachment: { key, filename: part.attachment.filename, mime_type, size } };
  });
}

/** Blank texts are dropped, the others joined by a blank line where the first of them stood. */
function joinTexts(parts: readonly MessagePart[]): MessagePart[] {
  const isText = (part: MessagePart) => part.type === 'text' && part.text.trim() !== '';
  const first = parts.findIndex(isText);
  const text = parts.flatMap((part) => (part.type === 'text' && isText(part) ? [part.text] : [])).join('\n\n');
  return parts.flatMap((part, at): MessagePart[] => (at === first ? [{ type: 'text', text }] : part.type === 'text' ? [] : [part]));
}
