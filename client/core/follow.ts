import type { ConnectionState } from './call.ts';
import { openConnection } from './connection.ts';
import { ConnectionError, isTransient } from './errors.ts';
import { decodeEvents } from './events.ts';
import { pause, retryDelay, toConnectionError } from './retry.ts';

type Event = { readonly seq: number; readonly type: string };

export type StreamSource = {
  /** `lastSeq` is undefined until the first connection has been established. */
  open(lastSeq: number | undefined, signal: AbortSignal): Promise<Response>;
  /** Events up to this `seq` are skipped. */
  readonly afterSeq: number;
  /** false: yields the stored events and ends. */
  readonly live: boolean;
  /** Event types that end the stream. */
  readonly finalTypes: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly onConnection: ((state: ConnectionState) => void) | undefined;
  /** Maximum retries of the first connection. */
  readonly retries: number;
  readonly delayMs: number;
  readonly silenceMs: number;
};

/** Maximum consecutive reconnects without a new event, once a connection has been established. */
const maxReconnects = 8;
/** A connection that lasted this long resets the count of reconnects, even without events. */
const stableConnectionMs = 10_000;
const loopLeft = new ConnectionError('The loop over the stream was left.');

/** Yields each event once, in order, over any number of connections. Each loop has its own connections and closes them when it ends. */
export const followStream = <E extends Event>(source: StreamSource): AsyncIterable<E> => ({
  [Symbol.asyncIterator]() {
    const here = new AbortController();
    const events = read<E>(source, here);
    const over = (error: unknown): IteratorReturnResult<undefined> => {
      if (error === loopLeft) return { done: true, value: undefined };
      throw error;
    };
    return {
      next: () => events.next().catch(over),
      // Abort first: `return()` on a generator that awaits data is queued until the data arrives.
      return: () => {
        here.abort(loopLeft);
        return events.return(undefined).catch(over);
      },
    };
  },
});

async function* read<E extends Event>(source: StreamSource, here: AbortController): AsyncGenerator<E, undefined, undefined> {
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
        lost = toConnectionError(error);
        if (!isTransient(lost)) throw lost;
      }
      if (progress.seq > before || Date.now() - progress.openedAt > stableConnectionMs) tries = 0;
      const wait = tries < (progress.worked ? maxReconnects : source.retries) ? retryDelay(tries, source.delayMs, lost) : undefined;
      if (wait === undefined) throw lost;
      source.onConnection?.('reconnecting');
      await pause(wait, signal);
    }
  } finally {
    source.signal?.removeEventListener('abort', forward);
  }
}

/** Reads one connection. Returns `over` if the stream has ended, `cut` if it must reconnect. */
async function* readOnce<E extends Event>(
  source: StreamSource,
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
      // On a gap, reconnect to receive the missing events.
      if (event.seq > progress.seq + 1) return 'cut';
      progress.seq = event.seq;
      yield event;
      if (source.finalTypes.includes(event.type)) return 'over';
    }
    return source.live ? 'cut' : 'over';
  } catch (error) {
    throw connection.signal.aborted ? connection.signal.reason : error;
  } finally {
    connection.close();
  }
}
