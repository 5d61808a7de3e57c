import type { Message, MessageContent } from '../../../../../client/index.ts';

type Content = Pick<Message, 'content' | 'content_json'>;

/** The text of a message without its attachments. The API joins text parts in the same way. */
export const textOf = ({ content, content_json }: Content): string =>
  content_json ? content_json.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n') : content;

/** The content with another text, at the place of the first one, else at the end. Attachments stay where they are. */
export function withText(message: Content, typed: string): { content: string } | { content_json: MessageContent } {
  const old = textOf(message);
  // A text area turns each line break into a line feed.
  const text = typed === old.replace(/\r\n?/g, '\n') ? old : typed;
  return message.content_json ? { content_json: { parts: replaceText(message.content_json.parts, text) } } : { content: text };
}

function replaceText(parts: MessageContent['parts'], text: string): MessageContent['parts'] {
  const first = parts.findIndex(({ type }) => type === 'text');
  const at = first < 0 ? parts.length : first;
  const isAttachment = ({ type }: { type: string }) => type !== 'text';
  const written = text.trim() === '' ? [] : [{ type: 'text' as const, text }];
  return [...parts.slice(0, at), ...written, ...parts.slice(at).filter(isAttachment)];
}
