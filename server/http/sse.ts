import { once } from 'node:events';
import type { Response } from 'express';
import { facts } from '../kernel/facts.ts';

/** A body that writes itself into the response for as long as it takes. */
export type StreamBody = { attach(res: Response): void };

/** Encoded events, in order; each chunk may hold several. */
export type Chunks = AsyncIterable<Buffer>;

const ping = Buffer.from(': ping\n\n');

export type StreamOptions = {
  heartbeatMs: number;
  /** Ends when the reader leaves, or may no longer read. */
  signal: AbortSignal;
  onError(error: unknown): void;
};

/** One event as the WHATWG HTML standard (9.2) wants it. JSON has no raw line break, so `data` is one line. */
export const encodeEvent = (event: { seq: number; type: string }): Buffer =>
  Buffer.from(`id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

/** Send chunks as they come, never faster than the reader takes them; a reader that takes nothing for too long is let go. */
export const eventStream = (chunks: Chunks, { heartbeatMs, signal, onError }: StreamOptions): StreamBody => ({
  attach(res) {
    facts.streamOpened.tell('api');
    const patienceMs = Math.max(90_000, 6 * heartbeatMs);
    res.setHeader('content-type', 'text/event-stream; charset=utf-8');
    res.setHeader('cache-control', 'no-cache, no-transform');
    res.setHeader('x-accel-buffering', 'no');
    res.socket?.setNoDelay(true);
    res.write(ping);
    const pings = setInterval(() => {
      // A reader that does not take what was sent is not helped by more.
      if (res.writableLength === 0) res.write(ping);
    }, heartbeatMs);
    const send = async () => {
      for await (const chunk of chunks) {
        if (signal.aborted) break;
        pings.refresh();
        if (!res.write(chunk)) await once(res, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]) });
      }
    };
    send()
      // Not passed on: the connection would be destroyed with what is still buffered. The reader resumes after the last event.
      .catch((error: Error) => {
        if (error.name === 'AbortError' || error.name === 'TimeoutError') res.destroy();
        else onError(error);
      })
      .finally(() => {
        clearInterval(pings);
        facts.streamClosed.tell('api');
        res.end();
      });
  },
});
