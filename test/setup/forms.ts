import { randomBytes } from 'node:crypto';
import type { Person, World } from './world.ts';

/** A part of a form as it is written; with a filename it is a file. `head` replaces what stands above it. */
export type Part = { name?: string; filename?: string; type?: string; content: string | Buffer; head?: string };

/** The bytes of a form, and the header that says how to read them. */
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

/** Upload a file for a message. */
export const stage = ({ call }: Pick<World, 'call'>, { token }: Pick<Person, 'token'>, file: Part) =>
  call('POST', '/v1/attachments/stage', { token, ...formOf([file]) });

/** The key of a text file that waits for a message. */
export async function stagedText(world: Pick<World, 'call'>, person: Pick<Person, 'token'>, content = 'sample'): Promise<string> {
  const { status, body, text } = await stage(world, person, { filename: 'sample.txt', type: 'text/plain', content });
  if (status !== 201) throw new Error(`stage: ${status} ${text}`);
  return body.key;
}

/** The smallest image of each kind that programs know by its first bytes. */
export const images = {
  png: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
  jpeg: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), Buffer.from('JFIF\0'), Buffer.alloc(64)]),
  gif: Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(64)]),
  webp: Buffer.concat([Buffer.from('RIFF'), Buffer.from([64, 0, 0, 0]), Buffer.from('WEBPVP8 '), Buffer.alloc(64)]),
} as const;
