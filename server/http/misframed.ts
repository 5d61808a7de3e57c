import type { RequestHandler } from 'express';
import { Failure } from '../kernel/failure.ts';

/** Refuses what the parser lets through: HTTP/0.9, HTTP/1.1 without `Host` (RFC 9112 section 3.2), and expectations other than `100-continue`. */
export const refuseMisframed: RequestHandler = (req, _res, next) => {
  const { host, expect } = req.headers;
  if (host === undefined && req.httpVersion !== '1.0') throw refusal('host', 'is missing');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') throw refusal('expect', 'can only be 100-continue');
  next();
};

function refusal(path: string, message: string) {
  const issues = [{ location: 'header', path, message }];
  return new Failure('invalid', 'The request is not valid.', { issues }, { connection: 'close' });
}
