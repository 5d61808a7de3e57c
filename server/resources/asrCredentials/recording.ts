import { randomBytes } from 'node:crypto';
import { maxRecordingBytes } from '../../../contract/asr.ts';
import { type Form, type UploadedFile, upTo } from '../../http/multipart.ts';
import { invalidField } from '../../kernel/failure.ts';
import { safeName } from '../attachments/key.ts';

type Bytes = AsyncGenerator<Uint8Array, void, undefined>;

/** A form on its way out (RFC 7578): its Content-Type, its bytes, and why they broke off if they did. */
export type Outgoing = { contentType: string; chunks: Bytes; refusal(): unknown };

/**
 * The caller's form as the upstream wants it, with more fields, written as it comes. Where the caller's is refused it breaks off, so that nobody
 * takes it for whole; what is wrong with its beginning is thrown here, before anybody is called.
 */
export async function encodeForm(form: Form, fields: Readonly<Record<string, string>>): Promise<Outgoing> {
  const boundary = `arkloop-${randomBytes(16).toString('hex')}`;
  const own = Object.entries(fields).map(([name, value]) => fieldOf(boundary, name, value));
  const parts = encoded(form, boundary);
  const first = await parts.next();
  let refusal: unknown;
  async function* chunks(): Bytes {
    try {
      yield Buffer.concat(own);
      if (!first.done) yield first.value;
      yield* parts;
      yield Buffer.from(`--${boundary}--\r\n`);
    } catch (error) {
      refusal = error;
      throw error;
    }
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, chunks: chunks(), refusal: () => refusal };
}

async function* encoded(form: Form, boundary: string): Bytes {
  for await (const part of form)
    if ('value' in part) yield fieldOf(boundary, part.name, part.value);
    else yield* fileOf(boundary, part);
}

const headOf = (boundary: string, name: string, more = '') =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;

const fieldOf = (boundary: string, name: string, value: string) => Buffer.from(`${headOf(boundary, name)}${value}\r\n`);

async function* fileOf(boundary: string, { name, filename, mimeType, chunks }: UploadedFile): Bytes {
  const bytes = upTo(maxRecordingBytes, chunks);
  const first = await bytes.next();
  if (first.done) throw invalidField(`/${name}`, 'must not be empty');
  yield Buffer.from(headOf(boundary, name, `; filename="${safeName(filename)}"\r\ncontent-type: ${typeOf(mimeType)}`));
  yield first.value;
  yield* bytes;
  yield Buffer.from('\r\n');
}

/** What the caller says it is, as long as that is a type of sound. */
const typeOf = (mimeType: string) => (/^(audio|video)\/[\w.+-]{1,60}$/.test(mimeType) ? mimeType : 'application/octet-stream');
