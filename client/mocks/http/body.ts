import type { Issue } from '../../../contract/shared/errors.ts';
import { jsonPointer, parseValue } from '../../../contract/shared/input.ts';
import { isMultipart, maxBodyBytes, type Route, type Schema } from '../../../contract/shared/route.ts';
import { apiError, invalid, MockApiError } from './errors.ts';

const unreadable = (reason: string, message: string) => apiError('unreadable', reason, message);

/** Throws 413. */
function checkSize(route: Route, bytes: number) {
  const most = maxBodyBytes(route);
  if (bytes > most) throw new MockApiError('too_large', `The body is larger than ${most} bytes.`);
}

/** Checks Content-Length before authentication. Throws 413. */
export const checkDeclaredSize = (route: Route, { headers }: Request) => checkSize(route, Number(headers.get('content-length') ?? 0));

/** Throws 413. */
export async function readBody(route: Route, request: Request): Promise<Uint8Array<ArrayBuffer>> {
  if (!route.body) return new Uint8Array();
  const bytes = new Uint8Array(await request.arrayBuffer());
  checkSize(route, bytes.length);
  return bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws 422 for an unreadable body, 400 for an invalid one. */
export async function parseBody(route: Route, request: Request, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> {
  if (!route.body) return undefined;
  if (isMultipart(route)) return validateBody(route.body, await parseForm(request, bytes));
  if (bytes.length === 0) return parseEmpty(route.body);
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? ''))
    throw unreadable('unsupported_content_type', 'The body must be application/json in UTF-8.');
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw unreadable('invalid_encoding', 'The body is not UTF-8.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('malformed_json', 'The body is not JSON.');
  }
  const issues = unstorableTexts(value, []);
  if (issues.length > 0) throw invalid(issues);
  return validateBody(route.body, value);
}

/** The texts that PostgreSQL cannot store. */
function unstorableTexts(value: unknown, path: readonly string[]): Issue[] {
  if (typeof value === 'string') {
    if (!/\0|\p{Surrogate}/u.test(value)) return [];
    return [{ location: 'body', path: jsonPointer(path), message: 'must not contain U+0000 or a lone surrogate' }];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(Array.isArray(value) ? [] : unstorableTexts(name, path)),
    ...unstorableTexts(inner, [...path, name]),
  ]);
}

function validateBody(shape: Schema, value: unknown): unknown {
  const issues: Issue[] = [];
  const details = {};
  const body = parseValue(shape, value, 'body', issues, details);
  if (issues.length > 0) throw invalid(issues, details);
  return body;
}

/** A missing body is read as `{}`. Throws 422 if `{}` is invalid. */
function parseEmpty(shape: Schema): unknown {
  const issues: Issue[] = [];
  const body = parseValue(shape, {}, 'body', issues);
  if (issues.length > 0) throw unreadable('empty_body', 'A body is needed.');
  return body;
}

async function parseForm({ headers }: Request, bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>> {
  const type = headers.get('content-type') ?? '';
  if (!type.startsWith('multipart/form-data')) throw unreadable('unsupported_content_type', 'The body must be a form.');
  try {
    return Object.fromEntries(await new Response(bytes, { headers: { 'content-type': type } }).formData());
  } catch {
    throw unreadable('malformed_multipart', 'The body is not a form.');
  }
}
