import { once } from 'node:events';
import type { Response } from 'express';
import { jsonLine } from '../../contract/shared/text.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';

/** A response body that writes itself to the response. */
export type StreamBody = { attach(res: Response): void };

export const isStreamBody = (body: unknown): body is StreamBody => typeof body === 'object' && body !== null && 'attach' in body;

/** Encoded events, in order. A chunk may contain several. */
export type EncodedEvents = AsyncIterable<Buffer>;

const ping = Buffer.from(': ping\n\n');

/** How long the head of a response waits for the first events, to be sent as one packet, in milliseconds. */
const headMs = 10;

export type StreamOptions = {
  heartbeatMs: number;
  /** Aborts when the client disconnects or loses access. */
  signal: AbortSignal;
  onError(error: unknown): void;
};

/** Encodes an event (WHATWG HTML standard, section 9.2). JSON has no raw line breaks, so `data` is one line. */
export const encodeEvent = (event: { seq: number; type: string }): Buffer =>
  Buffer.from(`id: ${event.seq}\nevent: ${event.type}\ndata: ${jsonLine(event)}\n\n`);

/** `first` and what follows it. Closes the generator that it was read from. */
export async function* restAfter<T>(first: IteratorResult<T, void>, rest: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  try {
    if (!first.done) yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** Sends chunks with backpressure. Disconnects a client that reads nothing for 90 s or six heartbeats, whichever is longer. */
export const eventStream = (chunks: EncodedEvents, { heartbeatMs, signal, onError }: StreamOptions): StreamBody => ({
  attach(res) {
    metricsEvents.streamOpened.emit('api');
    const readTimeoutMs = Math.max(90_000, 6 * heartbeatMs);
    res.setHeader('content-type', 'text/event-stream; charset=utf-8');
    res.setHeader('cache-control', 'no-cache, no-transform');
    res.setHeader('x-accel-buffering', 'no');
    res.socket?.setNoDelay(true);
    res.cork();
    let isCorked = true;
    const uncork = () => {
      if (isCorked) res.uncork();
      isCorked = false;
      clearTimeout(head);
    };
    const head = setTimeout(uncork, headMs);
    res.write(ping);
    const pings = setInterval(() => {
      // Send no ping while earlier data is still buffered.
      if (res.writableLength === 0) res.write(ping);
    }, heartbeatMs);
    const send = async () => {
      for await (const chunk of chunks) {
        if (signal.aborted) break;
        pings.refresh();
        res.write(chunk);
        uncork();
        if (res.writableNeedDrain) await once(res, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(readTimeoutMs)]) });
      }
    };
    send()
      // Do not rethrow: that destroys the connection with the data that is still buffered. The client resumes after its last event.
      .catch((error: Error) => {
        if (error.name === 'AbortError' || error.name === 'TimeoutError') res.destroy();
        else onError(error);
      })
      .finally(() => {
        clearInterval(pings);
        uncork();
        metricsEvents.streamClosed.emit('api');
        res.end();
      });
  },
});
