import { PassThrough, type Readable } from 'node:stream';
import type { BusboyInstance } from '@fastify/busboy';
import type { Request } from 'express';
import { z } from 'zod';
import type { Issue } from '../../../contract/shared/errors.ts';
import { jsonPointer, parseValue } from '../../../contract/shared/input.ts';
import { maxBodyBytes, type Route, type Schema } from '../../../contract/shared/route.ts';
import { failWith, invalid, invalidField } from '../../platform/failure.ts';
import { formTooLarge, rejectCompressed, unparsableBody } from './body.ts';

/** An uploaded file, streamed. A reader that stops before its end gets no further parts. */
export type UploadedFile = { name: string; filename: string; mimeType: string; chunks: AsyncIterable<Buffer> };

/** A part of a form (RFC 7578). */
type FormPart = { name: string; value: string } | UploadedFile;

/**
 * The parts of a form in the order sent, each validated against the contract. Missing parts are reported at the end. Throws 400, 413 and
 * 422.
 */
export type Form = AsyncGenerator<FormPart, void, undefined>;

/** Passes chunks on. Throws 413 once they exceed `most` bytes. */
export async function* limitBytes(most: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) throw fileTooLarge(most);
    yield chunk;
  }
}

export const fileTooLarge = (max_bytes: number, details: Record<string, unknown> = {}) =>
  failWith('too_large', 'file_too_large', `The file is larger than ${max_bytes} bytes.`, { max_bytes, ...details });

/**
 * Starts to read a form. Throws 422 if the body is not a form, and the reason of `shed` when that aborts. Nothing is read before the first
 * part is requested.
 */
export function openForm(route: Route, req: Request, shed: AbortSignal | undefined): Form {
  rejectCompressed(req);
  if (!/^multipart\/form-data\s*(;|$)/i.test(req.headers['content-type'] ?? ''))
    throw unparsableBody('unsupported_content_type', 'The body must be multipart/form-data.');
  return validatedParts((route.body as z.core.$ZodObject)._zod.def.shape, req, maxBodyBytes(route), shed);
}

async function* validatedParts(shape: Readonly<Record<string, Schema>>, req: Request, most: number, shed: AbortSignal | undefined): Form {
  const seen = new Set<string>();
  for await (const part of await parse(req, most, Object.keys(shape).length, shed)) {
    const { name } = part;
    const wanted = Object.hasOwn(shape, name) ? shape[name]! : undefined;
    if (!wanted) throw invalidField(jsonPointer([name]), 'is not known');
    if (seen.has(name)) throw invalidField(jsonPointer([name]), 'must be given once');
    if (isFile(wanted) !== 'chunks' in part) throw invalidField(jsonPointer([name]), isFile(wanted) ? 'must be a file' : 'must be a text');
    seen.add(name);
    if ('value' in part) checkValue(name, wanted, part.value);
    yield part;
  }
  const missing = Object.entries(shape).filter(([name, wanted]) => !seen.has(name) && !z.safeParse(wanted, undefined).success);
  if (missing.length > 0)
    throw invalid(missing.map(([name]): Issue => ({ location: 'body', path: jsonPointer([name]), message: 'is required' })));
}

const isFile = (shape: Schema) => shape._zod.def.type === 'file';

function checkValue(name: string, wanted: Schema, value: string) {
  const issues: Issue[] = [];
  if (value.includes('\0')) issues.push({ location: 'body', path: jsonPointer([name]), message: 'must not contain U+0000' });
  parseValue(z.object({ [name]: wanted }), { [name]: value }, 'body', issues);
  if (issues.length > 0) throw invalid(issues);
}

/** Maximum size of a field's value and of a part's headers, in bytes. */
const [fieldSize, headerSize] = [16_384, 8_192];

/** Parses the parts of a body. Pauses at a file until it is read, so that only a few chunks are buffered. */
async function parse(
  req: Request,
  most: number,
  names: number,
  shed: AbortSignal | undefined,
): Promise<AsyncGenerator<FormPart, void, undefined>> {
  const parser = await openParser(req, names);
  const found = new PassThrough({ objectMode: true });
  let file: Readable | undefined;
  let refusal: unknown;
  const stop = (reason: unknown) => {
    refusal ??= reason;
    req.unpipe(parser);
    file?.destroy();
    found.destroy();
  };
  const broken = () => stop(counted() === 0 ? unparsableBody('empty_body', 'A body is needed.') : malformed());
  const tooMany = (what: string) => () => stop(invalidField('', `must not hold more than ${what}`));
  parser.on('file', (name: string | undefined, stream, filename: string | undefined, _encoding, mimeType) => {
    file = stream.on('error', broken);
    found.write({ name: name ?? '', filename: filename ?? '', mimeType, chunks: withRecordedError(() => refusal, stream) });
  });
  parser.on('field', (name: string | undefined, value, _cut, isCut) => {
    if (isCut) stop(invalidField(jsonPointer([name ?? '']), `must not hold more than ${fieldSize} bytes`));
    else found.write({ name: name ?? '', value });
  });
  parser.on('filesLimit', tooMany('one file')).on('fieldsLimit', tooMany('its fields')).on('partsLimit', tooMany('its parts'));
  parser.on('error', broken).on('finish', () => found.end());
  if (shed?.aborted) stop(shed.reason);
  else shed?.addEventListener('abort', () => stop(shed.reason), { once: true });
  const counted = pipeBody(req, parser, { most, tooLarge: () => stop(formTooLarge()), left: broken });
  return withRecordedError(() => refusal, found);
}

/**
 * Pipes the body into the parser. Returns a function that gives the number of bytes so far. Calls `left` if the client disconnects or
 * already has.
 */
function pipeBody(req: Request, parser: BusboyInstance, on: { most: number; tooLarge(): void; left(): void }): () => number {
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > on.most) on.tooLarge();
  });
  const whenLeft = () => req.complete || on.left();
  if (req.destroyed) process.nextTick(whenLeft);
  else req.once('close', whenLeft);
  req.pipe(parser);
  return () => bytes;
}

async function openParser(req: Request, names: number): Promise<BusboyInstance> {
  const { Busboy } = await import('@fastify/busboy');
  const limits = { files: 1, fields: names + 1, parts: names + 2, fieldSize, headerSize, headerPairs: 32 };
  try {
    return new Busboy({ headers: { ...req.headers, 'content-type': req.headers['content-type']! }, limits });
  } catch {
    throw malformed();
  }
}

const malformed = () => unparsableBody('malformed_multipart', 'The body is not a form.');

/** Yields the items of a stream. If it fails, throws the recorded reason. */
async function* withRecordedError<T>(refusal: () => unknown, stream: Readable): AsyncGenerator<T, void, undefined> {
  try {
    yield* stream;
  } catch (error) {
    throw refusal() ?? error;
  }
}

/** Bytes of a rejected form that are still read. */
const maxDrainedBytes = 64 * 2 ** 20;

/** Discards the rest of the body, because some clients read the response only after they have sent everything. */
export function drainBody(req: Request): void {
  let left = maxDrainedBytes;
  req.unpipe();
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.socket.destroy();
  });
  req.resume();
}
