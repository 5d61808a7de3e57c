import { imageTypes } from '../../../contract/attachments.ts';
import { mimeTypeOf } from '../workspaces/mediaTypes.ts';
import type { AttachmentRow } from './queries.ts';

/** What may be attached, and what it is stored as. */
export type AttachmentType = Pick<AttachmentRow, 'kind' | 'mime_type'>;

/** How many bytes tell what a file is. */
export const tellingBytes = 4_100;

const textExtensions = 'txt md json csv xml yaml yml js ts tsx jsx py go java rs sh sql'.split(' ');

/** What a file is: an image by its first bytes, a text by its name or by what the sender calls it; undefined for anything else. */
export async function typeOf(head: Uint8Array, name: string, claimed: string): Promise<AttachmentType | undefined> {
  const image = await imageTypeOf(head);
  if (image) return { kind: 'image', mime_type: image };
  const [extension = ''] = name.toLowerCase().split('.').slice(1).slice(-1);
  const mime = textTypeOf(claimed);
  if (textExtensions.includes(extension)) return { kind: 'file', mime_type: mime ?? mimeTypeOf(name.toLowerCase()) };
  return mime === undefined ? undefined : { kind: 'file', mime_type: mime };
}

/** What kind of image bytes begin; undefined when it is none that a model can be shown. */
export async function imageTypeOf(head: Uint8Array): Promise<(typeof imageTypes)[number] | undefined> {
  const { fileTypeFromBuffer } = await import('file-type');
  const found = (await fileTypeFromBuffer(head))?.mime.replace('image/apng', 'image/png');
  // "GIF" alone may begin a text.
  if (found === 'image/gif' && !/^GIF8[79]a/.test(Buffer.from(head).toString('latin1', 0, 6))) return undefined;
  return imageTypes.find((type) => type === found);
}

/** `text/*` without its parameters: all text is read as UTF-8. */
const textTypeOf = (claimed: string) => /^(text\/[a-z0-9][a-z0-9.+-]{0,100})\s*(;|$)/.exec(claimed.toLowerCase())?.[1];
