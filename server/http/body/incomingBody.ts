import type { Request, Response } from 'express';
import { maxBodyBytes, type Route } from '../../../contract/shared/route.ts';
import type { Config } from '../../platform/config/config.ts';
import { Failure } from '../../platform/failure.ts';
import { overloaded } from '../access/authenticateRequest.ts';
import type { RequestSlot } from '../pipeline/requestSlot.ts';
import { readBody } from './body.ts';
import { type Form, openForm } from './multipart.ts';
import { countUpload } from './uploadMemory.ts';

/** A request body, read on demand. While it arrives, the request does not count as in progress. */
export type IncomingBody = {
  /** Throws 503 if no slot is free once the body has arrived, or if it is large and this process holds too many uploads in memory. */
  bytes(route: Route): Promise<Buffer>;
  form(route: Route): Form;
  /** For handlers that wait long for another service: the request no longer counts as in progress. */
  releaseSlot(): void;
};

/** The usual bodies are too small to be counted as uploads. */
const maxUncountedBytes = 2 ** 20;

type Options = { config: Pick<Config, 'apiProcesses'>; slot: RequestSlot; shed: AbortSignal | undefined };

/** `shed` aborts to make room for other requests. Its reason is the error returned to the client. */
export const incomingBody = (req: Request, res: Response, { config, slot, shed }: Options): IncomingBody => ({
  async bytes(route) {
    const limit = maxBodyBytes(route);
    const read = () => readBody(req, limit, limit > maxUncountedBytes ? countUntilClosed(config, res) : undefined);
    if (req.complete || !shed) return read();
    slot.pause();
    const bytes = await unlessAborted(read(), shed);
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
  releaseSlot: slot.close,
});

/** Counts chunks as memory of this process until the response is closed, because a handler keeps what it has parsed. */
function countUntilClosed(config: Pick<Config, 'apiProcesses'>, res: Response): (bytes: number) => void {
  const memory = countUpload(config);
  res.once('close', () => memory[Symbol.dispose]());
  return (bytes) => {
    if (res.destroyed) return;
    try {
      memory.add(bytes);
    } catch (error) {
      // The rest of the body is not read.
      if (error instanceof Failure) error.headers.connection = 'close';
      throw error;
    }
  };
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  work.then(resolve, reject);
  return promise;
}
