import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

/** The trace id of a response; made by `traced` before anything else ran. */
export const traceOf = ({ locals }: Response): string => locals.traceId ?? '0'.repeat(32);

/** Gives every response its trace id. One that came in is used only where `trusts` says so. */
export const traced =
  (trusts: (remoteAddress: string) => boolean): RequestHandler =>
  (req, res, next) => {
    const incoming = req.headers['x-trace-id'];
    const usable = typeof incoming === 'string' && /^[0-9a-fA-F]{32}$/.test(incoming) && trusts(req.socket.remoteAddress ?? '');
    const id = usable ? incoming.toLowerCase() : newTraceId();
    res.locals.traceId = id;
    res.setHeader('x-trace-id', id);
    next();
  };

// Node draws the entropy of many UUIDs at once; a call for 16 bytes costs as much as all the rest of this file.
const newTraceId = () => randomUUID().replaceAll('-', '');
