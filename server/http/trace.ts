import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

const traces = new WeakMap<Response, string>();

/** The trace id of a response; made by `traced` before anything else ran. */
export const traceOf = (res: Response): string => traces.get(res) ?? '0'.repeat(32);

/** Gives every response its trace id. One that came in is used only where `trusts` says so. */
export const traced =
  (trusts: (remoteAddress: string) => boolean): RequestHandler =>
  (req, res, next) => {
    const incoming = req.headers['x-trace-id'];
    const usable = typeof incoming === 'string' && /^[0-9a-fA-F]{32}$/.test(incoming) && trusts(req.socket.remoteAddress ?? '');
    const id = usable ? incoming.toLowerCase() : randomBytes(16).toString('hex');
    traces.set(res, id);
    res.setHeader('x-trace-id', id);
    next();
  };
