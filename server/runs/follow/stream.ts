import { type EncodedEvents, restAfter } from '../../http/sse.ts';
import type { EncodedEvent, EventBroker } from './eventBroker.ts';

/** `isEnded`: the run had ended before, so there is nothing to follow. */
export type StreamRequest = { runId: string; after: number; follow: boolean; isEnded?: boolean; signal: AbortSignal };

/** Interval in milliseconds at which a stream checks that its reader still has access. */
export const recheckMs = 4_000;

/** Yields the events of a run after `eventsAfter`: stored events first, then, with `follow`, new ones until the final event. */
export async function* runEvents(
  eventBroker: EventBroker,
  { runId, after, follow, isEnded = false, signal }: StreamRequest,
): AsyncGenerator<Buffer, void> {
  let ended = signal.aborted;
  let resume = () => {};
  const leave = () => {
    ended = true;
    resume();
  };
  signal.addEventListener('abort', leave, { once: true });
  const reader = eventBroker.subscribe(runId, leave, isEnded);
  let at = after;
  try {
    while (!ended) {
      // Created before the read, so that a notification during the read is not missed.
      const more = reader.waitForMore();
      const events = await reader.eventsAfter(at);
      if (events.length > 0) {
        at = events.at(-1)!.seq;
        yield joined(events);
        if (events.some((event) => event.last)) return;
      } else if (!follow || isEnded) return;
      // `Promise.race` with a promise that lives as long as the stream would leak memory on every iteration.
      else if (!ended)
        await new Promise<void>((resolve, reject) => {
          resume = resolve;
          more.then(resolve, reject);
        });
    }
  } finally {
    signal.removeEventListener('abort', leave);
    reader.leave();
  }
}

/**
 * The same events, once the first of them have been read. Throws if they cannot be, while the response can still be an error. Closes the reader if
 * `signal` aborts before the rest is read.
 */
export async function afterFirstRead(events: AsyncGenerator<Buffer, void>, signal: AbortSignal): Promise<EncodedEvents> {
  const first = await events.next();
  const end = () => void events.return();
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return restAfter(first, events);
}

const joinedUntil = new WeakMap<EncodedEvent, { first: EncodedEvent; bytes: Buffer }>();

/** The concatenated bytes of events, cached for all readers at the same position. */
function joined(events: readonly EncodedEvent[]): Buffer {
  const [first, last] = [events[0]!, events.at(-1)!];
  if (first === last) return first.bytes;
  const known = joinedUntil.get(last);
  if (known?.first === first) return known.bytes;
  const bytes = Buffer.concat(events.map((event) => event.bytes));
  joinedUntil.set(last, { first, bytes });
  return bytes;
}
