import type { ImagePart, ModelMessage, ModelPart } from '../model.ts';

/** Images that stay when the others are dropped, beside those of the last user message. */
const keptImages = 4;

const note: ModelPart = { type: 'text', text: '[an image that is no longer shown]' };

/** Messages without some of their images, and how many went. */
export type Fewer = { messages: ModelMessage[]; dropped: number };

const isImage = (part: ModelPart): part is ImagePart => part.type === 'image';

function imagesOf(message: ModelMessage): readonly ImagePart[] {
  if (message.role === 'tool') return message.images ?? [];
  return message.role === 'user' && typeof message.content !== 'string' ? message.content.filter(isImage) : [];
}

/** Those of the last user message, which come first wherever there is little room, and all others, the newest first. */
function imagesIn(messages: readonly ModelMessage[]): { asked: readonly ImagePart[]; others: ImagePart[] } {
  const lastUser = messages.findLast(({ role }) => role === 'user');
  const others = messages.toReversed().flatMap((message) => (message === lastUser ? [] : imagesOf(message).toReversed()));
  return { asked: lastUser ? imagesOf(lastUser) : [], others };
}

/** Characters of base64 that the images of messages have together. */
export const imageChars = (messages: readonly ModelMessage[]): number =>
  messages.flatMap(imagesOf).reduce((sum, { data }) => sum + data.length, 0);

/** Drop the images that are older than the last few; how many went, and what is left. */
export const dropOldImages = (messages: readonly ModelMessage[]): Fewer => without(messages, imagesIn(messages).others.slice(keptImages));

/**
 * Drop the images that do not fit into `room` characters of base64: first the oldest, last those of the last user message, of which the first
 * always stays.
 */
export function fitImages(messages: readonly ModelMessage[], room: number): Fewer {
  const { asked, others } = imagesIn(messages);
  let left = room;
  const excess = [...asked, ...others].filter((image) => {
    const fits = image.data.length <= left || image === asked[0];
    if (fits) left -= image.data.length;
    return !fits;
  });
  return without(messages, excess);
}

function without(messages: readonly ModelMessage[], dropped: readonly ImagePart[]): Fewer {
  if (dropped.length === 0) return { messages: [...messages], dropped: 0 };
  const gone = new Set<ModelPart>(dropped);
  const left = messages.map((message): ModelMessage => {
    if (!imagesOf(message).some((image) => gone.has(image))) return message;
    // The result of a tool names its images in its text.
    if (message.role === 'tool') return { ...message, images: message.images!.filter((image) => !gone.has(image)) };
    return { ...message, content: (message.content as ModelPart[]).map((part) => (gone.has(part) ? note : part)) } as ModelMessage;
  });
  return { messages: left, dropped: dropped.length };
}
