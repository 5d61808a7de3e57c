import type { RequestHandler } from 'express';

/** One handler that calls others one after the other; in Express's own list each would cost a request several objects (measured). */
export const inOrder =
  (...handlers: readonly RequestHandler[]): RequestHandler =>
  (req, res, next) => {
    let at = 0;
    const step = (error?: unknown) => {
      const handler = error ? undefined : handlers[at++];
      if (!handler) return next(error);
      try {
        // The type says void or a promise, depending on the handler.
        const pending: unknown = handler(req, res, step);
        if (pending instanceof Promise) pending.catch(next);
      } catch (thrown) {
        next(thrown);
      }
    };
    step();
  };
