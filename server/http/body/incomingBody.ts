import type { Request } from 'express';
import { maxBodyBytes, type Route } from '../../../contract/shared/route.ts';
import { overloaded } from '../pipeline/authenticateRequest.ts';
import type { RequestSlot } from '../pipeline/requestSlot.ts';
import { readBody } from './body.ts';
import { type Form, openForm } from './multipart.ts';

/** A request body, read on demand. While it arrives, the request does not count as in progress. */
export type IncomingBody = {
  /** Throws 503 if no slot is free once the body has arrived. */
  bytes(route: Route): Promise<Buffer>;
  form(route: Route): Form;
};

/** `shed` aborts to make room for other requests. Its reason is the error returned to the client. */
export const incomingBody = (req: Request, slot: RequestSlot, shed: AbortSignal | undefined): IncomingBody => ({
  async bytes(route) {
    const limit = maxBodyBytes(route);
    if (req.complete || !shed) return readBody(req, limit);
    slot.pause();
    const bytes = await unlessAborted(readBody(req, limit), shed);
    if (!slot.resume()) throw overloaded();
    return bytes;
  },
  form(route) {
    if (!req.complete && shed) {
      slot.pause();
      // The form is already being processed, so the request continues even if no slot is free.
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
