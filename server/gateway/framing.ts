import type { IncomingMessage } from 'node:http';
import type { GatewayFailure } from './answers.ts';

/** More header fields than any client needs; together they are limited by their bytes. */
const mostFields = 1_000;
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What the parser lets through and two servers could read differently, which is how requests are smuggled (RFC 9112 section 11.2). */
export function flawOf({ method = '', url = '', headers, rawHeaders, httpVersion }: IncomingMessage): GatewayFailure | undefined {
  if (rawHeaders.length > 2 * mostFields) return 'headers_too_large';
  if (!methods.has(method)) return 'wrong_method';
  // Only paths: `GET http://elsewhere/` is for forward proxies. Characters that are no ASCII are no part of a path.
  if (!/^\/[\x21-\x7e]*$/.test(url) || url.includes('#')) return 'invalid';
  const coding = headers['transfer-encoding'];
  // HTTP/1.0 knows no codings, so whoever wrote it cannot know where the body ends (section 6.1).
  const isUnclear = httpVersion === '1.0' || coding?.toLowerCase() !== 'chunked' || headers['content-length'] !== undefined;
  if (coding !== undefined && isUnclear) return 'invalid';
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') return 'invalid';
  return hostsOf(rawHeaders) === hostsIn(httpVersion, headers.host) ? undefined : 'invalid';
}

/** HTTP/1.1 names the host once, HTTP/1.0 may leave it out, and there is no other version. */
function hostsIn(version: string, host: string | undefined) {
  if (version === '1.1') return 1;
  return version === '1.0' ? Number(host !== undefined) : Number.NaN;
}

function hostsOf(rawHeaders: readonly string[]) {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}
