import type { RequestHandler } from 'express';

/** Combines handlers into one. In a list of Express, each handler allocates several objects per request (measured). */
export const chainHandlers =
  (...handlers: readonly RequestHandler[]): RequestHandler =>
  (req, res, next) => {
    let at = 0;
    const step = (error?: unknown) => {
      const handler = error ? undefined : handlers[at++];
      if (!handler) return next(error);
      try {
        // The return type is void, but some handlers return a promise.
        const pending: unknown = handler(req, res, step);
        if (pending instanceof Promise) pending.catch(next);
      } catch (thrown) {
        next(thrown);
      }
    };
    step();
  };
