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

/**
 * Of an image, decoded: 200 MB of memory at four bytes each. Cameras have up to 50 megapixels, and models shrink images to a few. A file of some bytes
 * can declare 2^62.
 */
const maxMegapixels = 50;

export const tooManyPixels = `has more than ${maxMegapixels} megapixels`;

/** Whether an image declares too many pixels. `bytes` is all of a JPEG, whose size may follow any metadata; of others, the head is enough. */
export function hasTooManyPixels(bytes: Uint8Array, type: string): boolean {
  const { width, height } = sizeReaders[type as ImageType](Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) ?? unknownSize;
  return width * height > maxMegapixels * 1_000_000;
}

type ImageType = (typeof imageTypes)[number];
type Size = { width: number; height: number };
const unknownSize: Size = { width: 0, height: 0 };

/** Each returns undefined for a header that it cannot read. */
const sizeReaders: Record<ImageType, (bytes: Buffer) => Size | undefined> = {
  'image/png': (bytes) =>
    bytes.length >= 24 && bytes.toString('latin1', 12, 16) === 'IHDR'
      ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
      : undefined,
  'image/gif': (bytes) => (bytes.length >= 10 ? { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) } : undefined),
  'image/webp': webpSize,
  'image/jpeg': jpegSize,
};

/** RFC 9649: a file begins with one of three chunks. */
function webpSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 30) return undefined;
  const chunk = bytes.toString('latin1', 12, 16);
  if (chunk === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (chunk === 'VP8 ') return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (chunk !== 'VP8L') return undefined;
  const bits = bytes.readUInt32LE(21);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** Walks the segments up to the frame header (SOF; ITU-T T.81, annex B). Decoders skip bytes between segments. */
function jpegSize(bytes: Buffer): Size | undefined {
  for (let at = 2; ;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return undefined;
    while (bytes[at] === 0xff) at++;
    const marker = bytes[at++];
    const hasNoLength = marker === 0x00 || marker === 0x01 || (marker !== undefined && marker >= 0xd0 && marker <= 0xd8);
    if (hasNoLength) continue;
    // The end of the image (EOI) or the start of its data (SOS).
    if (marker === undefined || marker === 0xd9 || marker === 0xda || at + 7 > bytes.length) return undefined;
    // Not DHT, JPG and DAC, which lie between.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: bytes.readUInt16BE(at + 3), width: bytes.readUInt16BE(at + 5) };
    const length = bytes.readUInt16BE(at);
    if (length < 2) return undefined;
    at += length;
  }
}

/** `text/*` without parameters: all text is read as UTF-8. */
const declaredTextType = (claimed: string) => /^(text\/[a-z0-9][a-z0-9.+-]{0,100})\s*(;|$)/.exec(claimed.toLowerCase())?.[1];
