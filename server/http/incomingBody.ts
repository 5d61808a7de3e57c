import type { Request } from 'express';
import type { Route } from '../../contract/shared/route.ts';
import { overloaded } from './admit.ts';
import { readBody } from './body.ts';
import { type Form, openForm } from './multipart.ts';
import type { Slot } from './slot.ts';

/** The body of a request, read when it is asked for. While it has not arrived the request is not in progress. */
export type IncomingBody = {
  /** Throws 503 when there is no slot for the request once its body has arrived. */
  bytes(): Promise<Buffer>;
  form(route: Route): Form;
};

/** `shed` aborts when the request has to make room for others; its reason is what the sender is answered. */
export const incomingBody = (req: Request, slot: Slot, shed: AbortSignal | undefined): IncomingBody => ({
  async bytes() {
    if (req.complete || !shed) return readBody(req);
    slot.pause();
    const bytes = await unlessAborted(readBody(req), shed);
    if (!slot.resume()) throw overloaded();
    return bytes;
  },
  form(route) {
    if (!req.complete && shed) {
      slot.pause();
      // What is done with a form has begun by then, so that it goes on in any case.
      req.once('end', slot.resume);
    }
    return openForm(route, req, shed);
  },
});

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  work.then(resolve, reject);
  return promise;
}
