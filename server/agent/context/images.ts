import type { ImagePart, ModelMessage, ModelPart } from '../../models/model.ts';

/** Images kept when old ones are dropped, in addition to those of the last user message. */
const keptImages = 4;

const note: ModelPart = { type: 'text', text: '[an image that is no longer shown]' };

export type ImagesDropped = { messages: ModelMessage[]; dropped: number };

const isImage = (part: ModelPart): part is ImagePart => part.type === 'image';

function imagesOf(message: ModelMessage): readonly ImagePart[] {
  if (message.role === 'tool') return message.images ?? [];
  return message.role === 'user' && typeof message.content !== 'string' ? message.content.filter(isImage) : [];
}

/** The images of the last user message, which have priority, and all others, newest first. */
function imagesIn(messages: readonly ModelMessage[]): { asked: readonly ImagePart[]; others: ImagePart[] } {
  const lastUser = messages.findLast(({ role }) => role === 'user');
  const others = messages.toReversed().flatMap((message) => (message === lastUser ? [] : imagesOf(message).toReversed()));
  return { asked: lastUser ? imagesOf(lastUser) : [], others };
}

/** Total base64 characters of the images. */
export const imageChars = (messages: readonly ModelMessage[]): number =>
  messages.flatMap(imagesOf).reduce((sum, { data }) => sum + data.length, 0);

/** Drops all images except the last few. See `keptImages`. */
export const dropOldImages = (messages: readonly ModelMessage[]): ImagesDropped =>
  without(messages, imagesIn(messages).others.slice(keptImages));

/**
 * Drops the images that do not fit into `room` base64 characters: the oldest first, those of the last user message
 * last. The first image of that message is always kept.
 */
export function fitImages(messages: readonly ModelMessage[], room: number): ImagesDropped {
  const { asked, others } = imagesIn(messages);
  let left = room;
  const excess = [...asked, ...others].filter((image) => {
    const fits = image.data.length <= left || image === asked[0];
    if (fits) left -= image.data.length;
    return !fits;
  });
  return without(messages, excess);
}

function without(messages: readonly ModelMessage[], dropped: readonly ImagePart[]): ImagesDropped {
  if (dropped.length === 0) return { messages: [...messages], dropped: 0 };
  const gone = new Set<ModelPart>(dropped);
  const left = messages.map((message): ModelMessage => {
    if (!imagesOf(message).some((image) => gone.has(image))) return message;
    // No placeholder needed: the text of a tool result names its images.
    if (message.role === 'tool') return { ...message, images: message.images!.filter((image) => !gone.has(image)) };
    return { ...message, content: (message.content as ModelPart[]).map((part) => (gone.has(part) ? note : part)) } as ModelMessage;
  });
  return { messages: left, dropped: dropped.length };
}
