import type { RunEvent } from '../../../contract/events.ts';
import { jsonLine } from '../../../contract/shared/text.ts';
import type { Engine } from '../context.ts';
import { RawBody } from '../context.ts';
import { hasEnded, type MockRun } from './runs.ts';

const encoder = new TextEncoder();
const heartbeatMs = 15_000;

/** Server-sent event format (WHATWG HTML, 9.2). */
const encode = (event: RunEvent) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${jsonLine(event)}\n\n`;

type StreamRequest = { after: number; follow: boolean; isReconnection: boolean; signal: AbortSignal };

/** Streams the events after `after`. Returns 204 for a reconnection after the final event. */
export function openEvents({ engine }: { engine: Engine }, live: MockRun, { after, follow, isReconnection, signal }: StreamRequest) {
  const nothingMore = hasEnded(live) && after >= live.events.length;
  if (nothingMore && isReconnection) return { status: 204 as const, body: undefined };
  const stream = eventStream(live, after, follow && !nothingMore, signal, engine.faults.cutAfter());
  const headers = { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' };
  return { status: 200 as const, body: new RawBody(stream, 'text/event-stream; charset=utf-8'), headers };
}

/** The connection breaks after `cutAfter` events. */
function eventStream(live: MockRun, after: number, follow: boolean, signal: AbortSignal, cutAfter: number): ReadableStream<Uint8Array> {
  let at = after;
  let left = cutAfter;
  let close = () => {};
  let isCut = false;
  return new ReadableStream({
    start(controller) {
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      const beat = setInterval(() => write(': ping\n\n'), heartbeatMs);
      close = () => {
        clearInterval(beat);
        live.listeners.delete(send);
        signal.removeEventListener('abort', leave);
        close = () => {};
      };
      const leave = () => {
        close();
        controller.error(signal.reason);
      };
      const send = () => {
        while (at < live.events.length && left > 0) {
          write(encode(live.events[at]!));
          at++;
          left--;
        }
        if (left === 0) {
          close();
          isCut = true;
        } else if (!follow || hasEnded(live)) {
          close();
          controller.close();
        }
      };
      write(': ping\n\n');
      live.listeners.add(send);
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      else send();
    },
    // `pull` is called after the reader has consumed all chunks. An earlier error would discard the queued chunks.
    pull(controller) {
      if (isCut) controller.error(new TypeError('The connection was cut.'));
    },
    cancel: () => close(),
  });
}
