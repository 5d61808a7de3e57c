import type { RunEvent } from '../../contract/events.ts';
import type { Engine } from './context.ts';
import { Raw } from './context.ts';
import { isOver, type Live } from './runs.ts';

const encoder = new TextEncoder();
const heartbeatMs = 15_000;

/** One event as the WHATWG HTML standard (9.2) wants it. */
const encode = (event: RunEvent) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

type Wanted = { after: number; follow: boolean; isReconnection: boolean; signal: AbortSignal };

/** The events of a run from `after` on, as they come; 204 when a reconnection has nothing more to wait for. */
export function openEvents({ engine }: { engine: Engine }, live: Live, { after, follow, isReconnection, signal }: Wanted) {
  const nothingMore = isOver(live) && after >= live.events.length;
  if (nothingMore && isReconnection) return { status: 204 as const, body: undefined };
  const stream = eventStream(live, after, follow && !nothingMore, signal, engine.faults.cutAfter());
  const headers = { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' };
  return { status: 200 as const, body: new Raw(stream, 'text/event-stream; charset=utf-8'), headers };
}

/** The events as bytes; the connection breaks after `cutAfter` of them. */
function eventStream(live: Live, after: number, follow: boolean, signal: AbortSignal, cutAfter: number): ReadableStream<Uint8Array> {
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
        } else if (!follow || isOver(live)) {
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
    // Asked for more once everything was read: an error before would take back what is still on its way.
    pull(controller) {
      if (isCut) controller.error(new TypeError('The connection was cut.'));
    },
    cancel: () => close(),
  });
}
