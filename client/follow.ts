import type { ConnectionState } from './call.ts';
import { openConnection } from './connection.ts';
import { ConnectionError, isTransient } from './errors.ts';
import { decodeEvents } from './events.ts';
import { asLost, pause, waitBefore } from './waiting.ts';

type Event = { readonly seq: number; readonly type: string };

/** Where events come from, and when to stop asking for more. */
export type Source = {
  /** Connects; from the second time on with the number of the last event seen. */
  open(lastSeq: number | undefined, signal: AbortSignal): Promise<Response>;
  /** Events up to this one are not wanted. */
  readonly afterSeq: number;
  /** false: what there is, then the end. */
  readonly live: boolean;
  /** The types after which nothing follows. */
  readonly last: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly onConnection: ((state: ConnectionState) => void) | undefined;
  /** How often the first connection is tried again. */
  readonly retries: number;
  readonly delayMs: number;
  readonly silenceMs: number;
};

/** How often a stream that has worked reconnects in a row without a new event. */
const patience = 8;
/** A connection that lived this long shows that the server is well, even when nothing happened. */
const settledMs = 10_000;
const left = new ConnectionError('The loop over the stream was left.');

/** Events in order, each once, over any number of connections. Every loop has its own connections and closes them when it is left. */
export const follow = <E extends Event>(source: Source): AsyncIterable<E> => ({
  [Symbol.asyncIterator]() {
    const here = new AbortController();
    const events = read<E>(source, here);
    const over = (error: unknown): IteratorReturnResult<undefined> => {
      if (error === left) return { done: true, value: undefined };
      throw error;
    };
    return {
      next: () => events.next().catch(over),
      // Aborting comes first, because a generator that waits for bytes cannot be closed from outside.
      return: () => {
        here.abort(left);
        return events.return(undefined).catch(over);
      },
    };
  },
});

async function* read<E extends Event>(source: Source, here: AbortController): AsyncGenerator<E, undefined, undefined> {
  const { signal } = here;
  const progress = { seq: source.afterSeq, openedAt: Number.POSITIVE_INFINITY, worked: false };
  const forward = () => here.abort(source.signal?.reason);
  if (source.signal?.aborted) forward();
  source.signal?.addEventListener('abort', forward, { once: true });
  try {
    for (let tries = 0; ; tries++) {
      const before = progress.seq;
      let lost: unknown = new ConnectionError('The stream ended before its last event.');
      try {
        if ((yield* readOnce<E>(source, progress, signal)) === 'over') return undefined;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        lost = asLost(error);
        if (!isTransient(lost)) throw lost;
      }
      if (progress.seq > before || Date.now() - progress.openedAt > settledMs) tries = 0;
      const wait = tries < (progress.worked ? patience : source.retries) ? waitBefore(tries, source.delayMs, lost) : undefined;
      if (wait === undefined) throw lost;
      source.onConnection?.('reconnecting');
      await pause(wait, signal);
    }
  } finally {
    source.signal?.removeEventListener('abort', forward);
  }
}

/** One connection: `over` when nothing will follow, `cut` when more is to be asked for. */
async function* readOnce<E extends Event>(
  source: Source,
  progress: { seq: number; openedAt: number; worked: boolean },
  signal: AbortSignal,
): AsyncGenerator<E, 'over' | 'cut', undefined> {
  const connection = openConnection(signal, source.silenceMs);
  progress.openedAt = Number.POSITIVE_INFINITY;
  try {
    const response = await source.open(progress.worked ? progress.seq : undefined, connection.signal);
    progress.openedAt = Date.now();
    progress.worked = true;
    if (response.status === 204 || !response.body) return 'over';
    source.onConnection?.('open');
    for await (const { data } of decodeEvents(connection.bytes(response.body))) {
      const event = JSON.parse(data) as E;
      if (event.seq <= progress.seq) continue;
      // A gap: what is missing comes when asked for again.
      if (event.seq > progress.seq + 1) return 'cut';
      progress.seq = event.seq;
      yield event;
      if (source.last.includes(event.type)) return 'over';
    }
    return source.live ? 'cut' : 'over';
  } catch (error) {
    throw connection.signal.aborted ? connection.signal.reason : error;
  } finally {
    connection.close();
  }
}
