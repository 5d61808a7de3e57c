import { type MessageContent, maxMessageLength, type NewMessage } from '../../../contract/messages.ts';
import { invalidField } from '../../kernel/failure.ts';

/** What of a message is stored: its text, and its parts when it has any. */
export type StoredContent = { content: string; contentJson: MessageContent | null };

/** Structured content wins; blank texts are dropped and the others joined by a blank line (runs 2). Throws 400. */
export function normalizeContent({ content, content_json: structured }: NewMessage): StoredContent {
  if (!structured) return { content: content!, contentJson: null };
  const text = structured.parts
    .map((part) => part.text)
    .filter((part) => part.trim() !== '')
    .join('\n\n');
  if (text === '') throw invalidField('/content_json/parts', 'must hold some text');
  if ([...text].length > maxMessageLength)
    throw invalidField('/content_json/parts', `must hold at most ${maxMessageLength} characters of text`);
  return { content: text, contentJson: { parts: [{ type: 'text', text }] } };
}
