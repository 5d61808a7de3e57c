import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Wraps an async handler. If it rejects, the connection is closed, so that the client fails instead of waiting. */
export const listener =
  (handle: (req: IncomingMessage, res: ServerResponse) => Promise<unknown>): RequestListener =>
  (req, res) => {
    handle(req, res).catch(() => res.destroy());
  };
