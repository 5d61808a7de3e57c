import type { ModelMessage, ModelPart } from '../model.ts';

/** Images that stay when the others are dropped, beside those of the last user message. */
const keptImages = 4;

const note: ModelPart = { type: 'text', text: '[an image that is no longer shown]' };

/** Drop the images that are older than the last few; how many went, and what is left. */
export function dropOldImages(messages: readonly ModelMessage[]): { messages: ModelMessage[]; dropped: number } {
  const lastUser = messages.findLastIndex(({ role }) => role === 'user');
  let seen = 0;
  let dropped = 0;
  const kept = messages.toReversed().map((message, back) => {
    if (message.role !== 'user' || typeof message.content === 'string') return message;
    const isLast = back === messages.length - 1 - lastUser;
    const content = message.content.toReversed().map((part) => {
      if (part.type !== 'image' || isLast || ++seen <= keptImages) return part;
      dropped++;
      return note;
    });
    return content.includes(note) ? { ...message, content: content.reverse() } : message;
  });
  return { messages: kept.reverse(), dropped };
}
