import type { Request } from 'express';
import { z } from 'zod';
import type { Issue } from '../../../contract/shared/errors.ts';
import { jsonPointer, parseValue } from '../../../contract/shared/input.ts';
import { isMultipart, maxBodyBytes, type Route } from '../../../contract/shared/route.ts';
import { Failure, failWith, invalid } from '../../platform/failure.ts';
import { countKeys, findDuplicateKey } from './duplicateKeys.ts';

/**
 * Maximum nesting of JSON, and number of its values. Checked before parsing, because parsers recurse, and because each value of a body can
 * become an issue of the response, which takes far more memory than the body.
 */
const maxDepth = 64;
const maxValues = 100_000;
const tooLarge = (limit: number) =>
  new Failure('too_large', `The body is larger than ${limit / 2 ** 20} MiB.`, {}, { connection: 'close' });
/** A form that is too large is still read up to this size, because a client that is cut off while sending does not see the response. */
const maxDrainedFormBytes = 64 * 2 ** 20;

/** Rejects a `Content-Length` over the limit before any other check. */
export function checkSize(route: Route, req: Request) {
  const length = Number(req.headers['content-length'] ?? 0);
  const limit = maxBodyBytes(route);
  if (!isMultipart(route)) {
    if (length > limit) throw tooLarge(limit);
  } else if (length > limit) throw formTooLarge(length > maxDrainedFormBytes ? { connection: 'close' } : {});
}

/** 413 for a form. The connection stays open unless `headers` closes it. */
export const formTooLarge = (headers: Record<string, string> = {}) => new Failure('too_large', 'The form is too large.', {}, headers);

/** Reads the whole body of at most `limit` bytes. Throws 413 and 422. `count` gets the size of each chunk; an exception ends the reading. */
export async function readBody(req: Request, limit: number, count?: (bytes: number) => void): Promise<Buffer> {
  rejectCompressed(req);
  const chunks: Buffer[] = [];
  let size = 0;
  // Do not destroy the request: the error response uses the same connection.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    count?.(chunk.length);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Rejects compressed bodies: decompression lets a small request use much memory. */
export function rejectCompressed(req: Request) {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw unparsableBody('invalid_encoding', 'A compressed body is not accepted.');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** For routes without a body: ignores JSON and rejects other content types, because only a cross-site form would send them. */
export function rejectNonJson(req: Request) {
  const type = req.headers['content-type'];
  if (type !== undefined && !isJson(type)) throw notJson();
}

/** Parses and validates the body. Throws 422 if it cannot be parsed, 400 if it does not match the contract. */
export function parseBody(route: Route, req: Request, raw: Buffer): unknown {
  if (route.method === 'GET' || !route.body) return undefined;
  if (raw.length === 0) return parseEmpty(route.body);
  const value = parseJson(req, raw);
  const issues: Issue[] = [];
  const details = {};
  const body = parseValue(route.body, value, 'body', issues, details);
  if (issues.length > 0) throw invalid(issues, undefined, details);
  return body;
}

/** An empty body counts as `{}` if no field is required. */
function parseEmpty(shape: z.core.$ZodType) {
  const { data, success } = z.safeParse(shape, {});
  if (!success) throw unparsableBody('empty_body', 'A body is needed.');
  return data;
}

const isJson = (type: string) => /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type);
const notJson = () => unparsableBody('unsupported_content_type', 'The body must be application/json in UTF-8.');

function parseJson(req: Request, raw: Buffer): unknown {
  if (!isJson(req.headers['content-type'] ?? '')) throw notJson();
  let text: string;
  try {
    text = utf8.decode(raw);
  } catch {
    throw unparsableBody('invalid_encoding', 'The body is not UTF-8.');
  }
  const keys = checkShape(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unparsableBody('malformed_json', 'The body is not JSON.');
  }
  if (countKeys(value) !== keys) throw invalid([findDuplicateKey(text)]);
  // Only escapes can produce invalid text: unescaped, it is not valid JSON or not UTF-8.
  if (text.includes('\\u') || text.includes('__proto__')) rejectUnstorable(value);
  return value;
}

/** Returns the number of keys of all objects. */
function checkShape(text: string): number {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  let keys = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === 92) at++;
      else if (char === 34) quoted = false;
    } else if (char === 34) quoted = true;
    else if (char === 44) values++;
    else if (char === 58) keys++;
    else if (char === 91 || char === 123) {
      values++;
      deepest = Math.max(deepest, ++depth);
    } else if (char === 93 || char === 125) depth--;
  }
  const reject = (message: string) => invalid([{ location: 'body', path: '', message }]);
  if (deepest > maxDepth) throw reject(`is nested deeper than ${maxDepth} levels`);
  if (values > maxValues) throw reject(`has more than ${maxValues.toLocaleString('en')} values`);
  return keys;
}

/** Rejects text that PostgreSQL cannot store, and the key `__proto__`, which breaks copies of an object. */
function rejectUnstorable(value: unknown) {
  const issues: Issue[] = [];
  const visit = (at: unknown, path: PropertyKey[]) => {
    if (typeof at === 'string') {
      if (at.includes('\0') || !at.isWellFormed())
        issues.push({ location: 'body', path: jsonPointer(path), message: 'must not contain U+0000 or a lone surrogate' });
    } else if (Array.isArray(at)) {
      for (let index = 0; index < at.length; index++) visit(at[index], [...path, index]);
    } else if (typeof at === 'object' && at !== null) {
      for (const [key, inner] of Object.entries(at)) {
        visit(key, path);
        if (key === '__proto__') issues.push({ location: 'body', path: jsonPointer([...path, key]), message: 'is not known' });
        visit(inner, [...path, key]);
      }
    }
  };
  visit(value, []);
  if (issues.length > 0) throw invalid(issues);
}

/** 422 for a body that cannot be parsed. */
export const unparsableBody = (reason: string, message: string) => failWith('unreadable', reason, message);
