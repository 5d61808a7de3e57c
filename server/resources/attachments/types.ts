import { imageTypes } from '../../../contract/attachments.ts';
import { mimeTypeOf } from '../workspaces/mediaTypes.ts';
import { detectDocument, documentTypes } from './documents/documentTypes.ts';
import type { AttachmentRow } from './queries.ts';

/** The kind of an attachment, and the type it is stored as. */
export type AttachmentType = Pick<AttachmentRow, 'kind' | 'mime_type'>;

/** Number of leading bytes needed to detect the type of a file. */
export const typeDetectionBytes = 4_100;

const textExtensions = 'txt md json csv xml yaml yml js ts tsx jsx py go java rs sh sql'.split(' ');

/** Detects an image by its first bytes, a document by these and its extension or declared type, and a text by its extension or the declared type. Returns undefined for unsupported files. */
export async function detectType(head: Uint8Array, name: string, claimed: string): Promise<AttachmentType | undefined> {
  const image = await detectImageType(head);
  if (image) return { kind: 'image', mime_type: image };
  const [extension = ''] = name.toLowerCase().split('.').slice(1).slice(-1);
  const format = detectDocument(head, extension, claimed);
  if (format) return { kind: 'file', mime_type: documentTypes[format] };
  const mime = declaredTextType(claimed);
  if (textExtensions.includes(extension)) return { kind: 'file', mime_type: mime ?? mimeTypeOf(name.toLowerCase()) };
  return mime === undefined ? undefined : { kind: 'file', mime_type: mime };
}

/** Returns undefined unless the bytes begin an image of a type that models accept. */
export async function detectImageType(head: Uint8Array): Promise<(typeof imageTypes)[number] | undefined> {
  const { fileTypeFromBuffer } = await import('file-type');
  const found = (await fileTypeFromBuffer(head))?.mime.replace('image/apng', 'image/png');
  // A text may begin with "GIF".
  if (found === 'image/gif' && !/^GIF8[79]a/.test(Buffer.from(head).toString('latin1', 0, 6))) return undefined;
  return imageTypes.find((type) => type === found);
}

/** `text/*` without parameters: all text is read as UTF-8. */
const declaredTextType = (claimed: string) => /^(text\/[a-z0-9][a-z0-9.+-]{0,100})\s*(;|$)/.exec(claimed.toLowerCase())?.[1];
