import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../responses.ts';

/** Maximum number of header fields. Their total size is limited by `maxHeaderSize`. */
const maxFields = 1_000;
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Detects requests that the parser accepts but two servers could read differently (request smuggling, RFC 9112 section 11.2). */
export function framingErrorOf({ method = '', url = '', headers, rawHeaders, httpVersion }: IncomingMessage): GatewayError | undefined {
  if (rawHeaders.length > 2 * maxFields) return 'headers_too_large';
  if (!methods.has(method)) return 'wrong_method';
  // Only the origin form: `GET http://elsewhere/` is for forward proxies. A path is printable ASCII.
  if (!/^\/[\x21-\x7e]*$/.test(url) || url.includes('#')) return 'invalid';
  const coding = headers['transfer-encoding'];
  // HTTP/1.0 has no transfer codings, so the end of such a body is ambiguous (section 6.1).
  const isUnclear = httpVersion === '1.0' || coding?.toLowerCase() !== 'chunked' || headers['content-length'] !== undefined;
  if (coding !== undefined && isUnclear) return 'invalid';
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') return 'invalid';
  return undefined;
}
