import { randomBytes } from 'node:crypto';
import type { Person, TestApp } from '../app/testApp.ts';

/** A part of a multipart form; a file if it has a filename. `head` replaces the generated part headers. */
export type Part = { name?: string; filename?: string; type?: string; content: string | Buffer; head?: string };

/** The body of a multipart form and its `Content-Type` header. */
export function formOf(parts: readonly Part[], boundary = `b-${randomBytes(8).toString('hex')}`) {
  const raw = Buffer.concat([
    ...parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n${headOf(part)}\r\n\r\n`), Buffer.from(part.content), Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { raw, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

function headOf({ name = 'file', filename, type, head }: Part) {
  if (head !== undefined) return head;
  const file = filename === undefined ? '' : `; filename="${filename}"`;
  return `content-disposition: form-data; name="${name}"${file}${type ? `\r\ncontent-type: ${type}` : ''}`;
}

/** Uploads a file to attach to a message. */
export const stage = ({ call }: Pick<TestApp, 'call'>, { token }: Pick<Person, 'token'>, file: Part) =>
  call('POST', '/v1/attachments/stage', { token, ...formOf([file]) });

/** Uploads a text file and returns the key of the staged attachment. */
export async function stagedText(app: Pick<TestApp, 'call'>, person: Pick<Person, 'token'>, content = 'sample'): Promise<string> {
  const { status, body, text } = await stage(app, person, { filename: 'sample.txt', type: 'text/plain', content });
  if (status !== 201) throw new Error(`stage: ${status} ${text}`);
  return body.key;
}

/** Minimal files that are detected as images by their first bytes. */
export const images = {
  png: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
  jpeg: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), Buffer.from('JFIF\0'), Buffer.alloc(64)]),
  gif: Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(64)]),
  webp: Buffer.concat([Buffer.from('RIFF'), Buffer.from([64, 0, 0, 0]), Buffer.from('WEBPVP8 '), Buffer.alloc(64)]),
} as const;

/** The beginning of a PNG file with this declared size. */
export function pngOf(width: number, height: number): Buffer {
  const png = Buffer.from(images.png);
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}

const webpOf = (chunk: string, ...header: number[]) =>
  Buffer.concat([images.webp.subarray(0, 12), Buffer.from(chunk), Buffer.from([32, 0, 0, 0, ...header]), Buffer.alloc(32)]);

/** The first segments of a JPEG file, with 60 kB of metadata before its size. */
const jpegOf = (...frame: number[]) =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0xea, 0x60]),
    Buffer.alloc(60_000 - 2, 0xc0),
    Buffer.from([0, 0, 0xff, 0xff, 0xc4, 0, 3, 0, 0xff, ...frame, ...Array<number>(16).fill(1)]),
  ]);

/** Small files that declare far more than 50 megapixels, in each header that says so. */
export const hugeImages = {
  png: pngOf(2 ** 31 - 1, 2 ** 31 - 1),
  'wide png': pngOf(2 ** 31 - 1, 1),
  gif: Buffer.concat([Buffer.from('GIF89a'), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.alloc(64)]),
  'lossy webp': webpOf('VP8 ', 0, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f),
  'lossless webp': webpOf('VP8L', 0x2f, 0xff, 0xff, 0xff, 0x0f),
  'extended webp': webpOf('VP8X', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  'baseline jpeg': jpegOf(0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff),
  'progressive jpeg': jpegOf(0xc2, 0, 17, 8, 0xff, 0xff, 0xff, 0xff),
};
