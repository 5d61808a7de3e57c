import type { Chunks } from '../../http/sse.ts';
import type { Hub } from './hub.ts';

export type StreamRequest = { runId: string; after: number; follow: boolean; signal: AbortSignal };

/** How often a stream asks whether its reader may still read. */
export const recheckMs = 4_000;

/** The events of a run from `after` on: those there are, then, when following, each as it comes, until the last one. */
export async function* runEvents(hub: Hub, { runId, after, follow, signal }: StreamRequest): Chunks {
  const closed = Promise.withResolvers<void>();
  const leave = () => closed.resolve();
  signal.addEventListener('abort', leave, { once: true });
  const reader = hub.join(runId, leave);
  let ended = false;
  void closed.promise.then(() => {
    ended = true;
  });
  let at = after;
  try {
    while (!ended && !signal.aborted) {
      // Asked for before the read: what is notified during it is not missed.
      const more = reader.more();
      const events = await reader.after(at);
      if (events.length > 0) {
        at = events.at(-1)!.seq;
        yield Buffer.concat(events.map((event) => event.bytes));
        if (events.some((event) => event.last)) return;
      } else if (!follow) return;
      else await Promise.race([more, closed.promise]);
    }
  } finally {
    signal.removeEventListener('abort', leave);
    reader.leave();
  }
}
