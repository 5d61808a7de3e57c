import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { Failure } from '../../platform/failure.ts';

/** A name or an address, and possibly a port (RFC 9110 section 7.2). It may be empty. */
const hostPattern = /^(\[[0-9a-f:.]+\]|[\w.~%!$&'()*+;=-]*)(:\d*)?$/i;

/** Whether a request has one valid `Host` (RFC 9112 section 3.2). In HTTP/1.0 it may be absent. Other versions are invalid. */
export function hasValidHost({ headers: { host }, rawHeaders, httpVersion }: IncomingMessage): boolean {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false;
  if (host === undefined) return httpVersion === '1.0';
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count === 1 && hostPattern.test(host);
}

/** Rejects what the parser accepts: HTTP/0.9, requests without one valid `Host`, and expectations other than `100-continue`. */
export const rejectInvalidFraming: RequestHandler = (req, _res, next) => {
  const { expect } = req.headers;
  if (!hasValidHost(req)) throw framingError('host', 'must be present once, with a name or an address');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') throw framingError('expect', 'can only be 100-continue');
  next();
};

function framingError(path: string, message: string) {
  const issues = [{ location: 'header', path, message }];
  return new Failure('invalid', 'The request is not valid.', { issues }, { connection: 'close' });
}
