import type { Request } from 'express';
import { z } from 'zod';
import type { Issue } from '../../contract/shared/errors.ts';
import { check, pointer } from '../../contract/shared/input.ts';
import { isForm, mostBytes, type Route } from '../../contract/shared/route.ts';
import { Failure, invalid, refuse } from '../kernel/failure.ts';

const limit = 2 ** 20;
/** Deeper JSON is refused before any parser that recurses can see it. */
const maxDepth = 64;
const tooLarge = () => new Failure('too_large', 'The body is larger than 1 MiB.', {}, { connection: 'close' });
/** A form that is too large is read to its end all the same, as long as it is not absurd: who is cut off while sending does not see the answer. */
const readAnyway = 64 * 2 ** 20;

/** A declared length over the limit is refused before anything else is asked. */
export function checkSize(route: Route, req: Request) {
  const length = Number(req.headers['content-length'] ?? 0);
  if (!isForm(route)) {
    if (length > limit) throw tooLarge();
  } else if (length > mostBytes(route)) throw formTooLarge(length > readAnyway ? { connection: 'close' } : {});
}

/** 413 for a form; the connection stays, unless the headers say otherwise. */
export const formTooLarge = (headers: Record<string, string> = {}) => new Failure('too_large', 'The form is too large.', {}, headers);

/** The bytes of a body, read only now: nothing before this step has touched them. */
export async function readBody(req: Request): Promise<Buffer> {
  refuseCompressed(req);
  const chunks: Buffer[] = [];
  let size = 0;
  // Left without `destroy`, so that the refusal can still be written on this connection.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Inflating would let a small request use much memory. */
export function refuseCompressed(req: Request) {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw unreadable('invalid_encoding', 'A compressed body is not accepted.');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A route without a body ignores JSON; a form is refused, because only a page of somebody else would send one. */
export function refuseForm(req: Request) {
  const type = req.headers['content-type'];
  if (type !== undefined && !isJson(type)) throw notJson();
}

/** The body as the contract wants it: 422 when it cannot be read, 400 when it does not fit. */
export function parseBody(route: Route, req: Request, raw: Buffer): unknown {
  if (route.method === 'GET' || !route.body) return undefined;
  if (raw.length === 0) return parseEmpty(route.body);
  const value = parseJson(req, raw);
  const issues: Issue[] = [];
  const details = {};
  const body = check(route.body, value, 'body', issues, details);
  if (issues.length > 0) throw invalid(issues, undefined, details);
  return body;
}

/** No body counts as `{}` where nothing is required. */
function parseEmpty(shape: z.core.$ZodType) {
  const { data, success } = z.safeParse(shape, {});
  if (!success) throw unreadable('empty_body', 'A body is needed.');
  return data;
}

const isJson = (type: string) => /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type);
const notJson = () => unreadable('unsupported_content_type', 'The body must be application/json in UTF-8.');

function parseJson(req: Request, raw: Buffer): unknown {
  if (!isJson(req.headers['content-type'] ?? '')) throw notJson();
  let text: string;
  try {
    text = utf8.decode(raw);
  } catch {
    throw unreadable('invalid_encoding', 'The body is not UTF-8.');
  }
  if (raw.length > maxDepth && depthOf(text) > maxDepth)
    throw invalid([{ location: 'body', path: '', message: `is nested deeper than ${maxDepth} levels` }]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('malformed_json', 'The body is not JSON.');
  }
  // Only an escape can smuggle broken text in: raw, it is not JSON or not UTF-8.
  if (text.includes('\\u') || text.includes('__proto__')) refuseBroken(value);
  return value;
}

function depthOf(text: string) {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === 92) at++;
      else if (char === 34) quoted = false;
    } else if (char === 34) quoted = true;
    else if (char === 91 || char === 123) deepest = Math.max(deepest, ++depth);
    else if (char === 93 || char === 125) depth--;
  }
  return deepest;
}

/** Text that no database stores, and the one key that an object cannot be copied with. */
function refuseBroken(value: unknown) {
  const issues: Issue[] = [];
  const visit = (at: unknown, path: PropertyKey[]) => {
    if (typeof at === 'string') {
      if (at.includes('\0') || !at.isWellFormed())
        issues.push({ location: 'body', path: pointer(path), message: 'must not contain U+0000 or a lone surrogate' });
    } else if (typeof at === 'object' && at !== null) {
      for (const [key, inner] of Object.entries(at)) {
        visit(key, path);
        if (key === '__proto__') issues.push({ location: 'body', path: pointer([...path, key]), message: 'is not known' });
        visit(inner, [...path, key]);
      }
    }
  };
  visit(value, []);
  if (issues.length > 0) throw invalid(issues);
}

/** 422 for a body that cannot be read at all. */
export const unreadable = (reason: string, message: string) => refuse('unreadable', reason, message);
