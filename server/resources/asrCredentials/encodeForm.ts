import { randomBytes } from 'node:crypto';
import { maxRecordingBytes } from '../../../contract/asr.ts';
import { type Form, limitBytes, type UploadedFile } from '../../http/body/multipart.ts';
import { invalidField } from '../../platform/failure.ts';
import { safeFileName } from '../attachments/key.ts';

type Bytes = AsyncGenerator<Uint8Array, void, undefined>;

/** A multipart form to send (RFC 7578). `failure()` returns the error that ended `chunks` early, if any. */
export type EncodedForm = { contentType: string; chunks: Bytes; failure(): unknown };

/**
 * Re-encodes the caller's form with additional fields as a stream. If the caller's form is invalid, the stream breaks off before the final
 * boundary, so that the upstream does not take it as complete. Errors at the beginning of the form are thrown here, before the upstream is
 * called.
 */
export async function encodeForm(form: Form, fields: Readonly<Record<string, string>>): Promise<EncodedForm> {
  const boundary = `arkloop-${randomBytes(16).toString('hex')}`;
  const own = Object.entries(fields).map(([name, value]) => encodeField(boundary, name, value));
  const parts = encodeParts(form, boundary);
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
  return { contentType: `multipart/form-data; boundary=${boundary}`, chunks: chunks(), failure: () => refusal };
}

async function* encodeParts(form: Form, boundary: string): Bytes {
  for await (const part of form)
    if ('value' in part) yield encodeField(boundary, part.name, part.value);
    else yield* encodeFile(boundary, part);
}

const partHeader = (boundary: string, name: string, more = '') =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;

const encodeField = (boundary: string, name: string, value: string) => Buffer.from(`${partHeader(boundary, name)}${value}\r\n`);

async function* encodeFile(boundary: string, { name, filename, mimeType, chunks }: UploadedFile): Bytes {
  const bytes = limitBytes(maxRecordingBytes, chunks);
  const first = await bytes.next();
  if (first.done) throw invalidField(`/${name}`, 'must not be empty', 'empty_file');
  yield Buffer.from(partHeader(boundary, name, `; filename="${safeFileName(filename)}"\r\ncontent-type: ${partContentType(mimeType)}`));
  yield first.value;
  yield* bytes;
  yield Buffer.from('\r\n');
}

/** Passes the declared type on only if it is audio or video. */
const partContentType = (mimeType: string) => (/^(audio|video)\/[\w.+-]{1,60}$/.test(mimeType) ? mimeType : 'application/octet-stream');
