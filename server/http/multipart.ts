import { PassThrough, type Readable } from 'node:stream';
import type { BusboyInstance } from '@fastify/busboy';
import type { Request } from 'express';
import { z } from 'zod';
import type { Issue } from '../../contract/shared/errors.ts';
import { check, pointer } from '../../contract/shared/input.ts';
import { mostBytes, type Route, type Schema } from '../../contract/shared/route.ts';
import { invalid, invalidField, refuse } from '../kernel/failure.ts';
import { formTooLarge, refuseCompressed, unreadable } from './body.ts';

/** A file on its way in. Its bytes come while they are read; whoever stops before their end gets no more parts. */
export type UploadedFile = { name: string; filename: string; mimeType: string; chunks: AsyncIterable<Buffer> };

/** A part of a form (RFC 7578). */
export type FormPart = { name: string; value: string } | UploadedFile;

/** The parts of a form in the order in which they were sent, each checked against the contract; what is missing is told at the end. Throws 400, 413 and 422. */
export type Form = AsyncGenerator<FormPart, void, undefined>;

/** A file that holds no more than `most` bytes. Throws 413 as soon as it does. */
export async function* upTo(most: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) throw fileTooLarge(most);
    yield chunk;
  }
}

/** 413 for a file of more than `max_bytes`, with what else tells why. */
export const fileTooLarge = (max_bytes: number, details: Record<string, unknown> = {}) =>
  refuse('too_large', 'file_too_large', `The file is larger than ${max_bytes} bytes.`, { max_bytes, ...details });

/** Begin to read a form; when `shed` aborts its reason is thrown. Throws 422 for what is none; nothing of the body is read before the first part is asked for. */
export function openForm(route: Route, req: Request, shed: AbortSignal | undefined): Form {
  refuseCompressed(req);
  if (!/^multipart\/form-data\s*(;|$)/i.test(req.headers['content-type'] ?? ''))
    throw unreadable('unsupported_content_type', 'The body must be multipart/form-data.');
  return checked((route.body as z.core.$ZodObject)._zod.def.shape, req, mostBytes(route), shed);
}

async function* checked(shape: Readonly<Record<string, Schema>>, req: Request, most: number, shed: AbortSignal | undefined): Form {
  const seen = new Set<string>();
  for await (const part of await parse(req, most, Object.keys(shape).length, shed)) {
    const { name } = part;
    const wanted = Object.hasOwn(shape, name) ? shape[name]! : undefined;
    if (!wanted) throw invalidField(pointer([name]), 'is not known');
    if (seen.has(name)) throw invalidField(pointer([name]), 'must be given once');
    if (isFile(wanted) !== 'chunks' in part) throw invalidField(pointer([name]), isFile(wanted) ? 'must be a file' : 'must be a text');
    seen.add(name);
    if ('value' in part) checkValue(name, wanted, part.value);
    yield part;
  }
  const missing = Object.entries(shape).filter(([name, wanted]) => !seen.has(name) && !z.safeParse(wanted, undefined).success);
  if (missing.length > 0)
    throw invalid(missing.map(([name]): Issue => ({ location: 'body', path: pointer([name]), message: 'is required' })));
}

const isFile = (shape: Schema) => shape._zod.def.type === 'file';

function checkValue(name: string, wanted: Schema, value: string) {
  const issues: Issue[] = [];
  if (value.includes('\0')) issues.push({ location: 'body', path: pointer([name]), message: 'must not contain U+0000' });
  check(z.object({ [name]: wanted }), { [name]: value }, 'body', issues);
  if (issues.length > 0) throw invalid(issues);
}

/** The longest text of a field, and of what stands above a part, in bytes. */
const [fieldSize, headerSize] = [16_384, 8_192];

/** The parts that a parser finds in a body. It stops at a file until that is read, so no more than a few chunks are held. */
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
  const broken = () => stop(counted() === 0 ? unreadable('empty_body', 'A body is needed.') : malformed());
  const tooMany = (what: string) => () => stop(invalidField('', `must not hold more than ${what}`));
  parser.on('file', (name: string | undefined, stream, filename: string | undefined, _encoding, mimeType) => {
    file = stream.on('error', broken);
    found.write({ name: name ?? '', filename: filename ?? '', mimeType, chunks: unless(() => refusal, stream) });
  });
  parser.on('field', (name: string | undefined, value, _cut, isCut) => {
    if (isCut) stop(invalidField(pointer([name ?? '']), `must not hold more than ${fieldSize} bytes`));
    else found.write({ name: name ?? '', value });
  });
  parser.on('filesLimit', tooMany('one file')).on('fieldsLimit', tooMany('its fields')).on('partsLimit', tooMany('its parts'));
  parser.on('error', broken).on('finish', () => found.end());
  if (shed?.aborted) stop(shed.reason);
  else shed?.addEventListener('abort', () => stop(shed.reason), { once: true });
  const counted = pour(req, parser, { most, tooLarge: () => stop(formTooLarge()), left: broken });
  return unless(() => refusal, found);
}

/** Lets a body run into the parser, and tells how many bytes have. Whoever has left, now or before, sends no more. */
function pour(req: Request, parser: BusboyInstance, on: { most: number; tooLarge(): void; left(): void }): () => number {
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

const malformed = () => unreadable('malformed_multipart', 'The body is not a form.');

/** What a stream holds; when it breaks, the reason for that is thrown. */
async function* unless<T>(refusal: () => unknown, stream: Readable): AsyncGenerator<T, void, undefined> {
  try {
    yield* stream;
  } catch (error) {
    throw refusal() ?? error;
  }
}

/** How much of a form that is refused is still read. */
const patience = 64 * 2 ** 20;

/** Throws away what the caller still sends: only when he has sent all does he read the answer. */
export function drain(req: Request): void {
  let left = patience;
  req.unpipe();
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.socket.destroy();
  });
  req.resume();
}
