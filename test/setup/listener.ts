import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** A request listener made of an async function. When that rejects, the connection is closed, so the caller fails instead of waiting. */
export const listener =
  (handle: (req: IncomingMessage, res: ServerResponse) => Promise<unknown>): RequestListener =>
  (req, res) => {
    handle(req, res).catch(() => res.destroy());
  };
