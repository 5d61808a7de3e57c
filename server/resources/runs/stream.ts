import type { Chunks } from '../../http/sse.ts';
import type { Encoded, Hub } from './hub.ts';

export type StreamRequest = { runId: string; after: number; follow: boolean; signal: AbortSignal };

/** How often a stream asks whether its reader may still read. */
export const recheckMs = 4_000;

/** The events of a run from `after` on: those there are, then, when following, each as it comes, until the last one. */
export async function* runEvents(hub: Hub, { runId, after, follow, signal }: StreamRequest): Chunks {
  let ended = signal.aborted;
  let resume = () => {};
  const leave = () => {
    ended = true;
    resume();
  };
  signal.addEventListener('abort', leave, { once: true });
  const reader = hub.join(runId, leave);
  let at = after;
  try {
    while (!ended) {
      // Asked for before the read: what is notified during it is not missed.
      const more = reader.more();
      const events = await reader.after(at);
      if (events.length > 0) {
        at = events.at(-1)!.seq;
        yield joined(events);
        if (events.some((event) => event.last)) return;
      } else if (!follow) return;
      // A race with one promise that lasts as long as the stream would keep every round of it in memory.
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

const joinedUntil = new WeakMap<Encoded, { first: Encoded; bytes: Buffer }>();

/** The bytes of some events, put together once for all readers who are at the same place. */
function joined(events: readonly Encoded[]): Buffer {
  const [first, last] = [events[0]!, events.at(-1)!];
  if (first === last) return first.bytes;
  const known = joinedUntil.get(last);
  if (known?.first === first) return known.bytes;
  const bytes = Buffer.concat(events.map((event) => event.bytes));
  joinedUntil.set(last, { first, bytes });
  return bytes;
}
