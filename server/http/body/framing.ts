import type { RequestHandler } from 'express';
import { Failure } from '../../platform/failure.ts';

/**
 * Rejects what the parser accepts: HTTP/0.9, HTTP/1.1 without `Host` (RFC 9112 section 3.2), and expectations other than `100-continue`.
 */
export const rejectInvalidFraming: RequestHandler = (req, _res, next) => {
  const { host, expect } = req.headers;
  if (host === undefined && req.httpVersion !== '1.0') throw framingError('host', 'is missing');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') throw framingError('expect', 'can only be 100-continue');
  next();
};

function framingError(path: string, message: string) {
  const issues = [{ location: 'header', path, message }];
  return new Failure('invalid', 'The request is not valid.', { issues }, { connection: 'close' });
}
