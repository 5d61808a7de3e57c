import { abortReason, abortWith, forwardAbort } from '../abort.ts';
import type { ConnectionState } from '../call.ts';
import { ApiError, ConnectionError, isTransient } from '../errors.ts';
import { observerOf } from '../observer.ts';
import { pause, retryDelay } from '../retry.ts';
import { openConnection } from './connection.ts';
import { decodeEvents } from './events.ts';
import { isOffline } from './page.ts';

type Event = { readonly seq: number; readonly type: string };

export type StreamSource = {
  readonly operation: string;
  /** `lastSeq` is undefined until the first connection has been established. */
  open(lastSeq: number | undefined, attempt: number, signal: AbortSignal): Promise<Response>;
  /** Events up to this `seq` are skipped. */
  readonly afterSeq: number;
  /** false: yields the stored events and ends. */
  readonly live: boolean;
  /** Event types that end the stream. */
  readonly finalTypes: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly onConnection: ((state: ConnectionState) => void) | undefined;
  /** Called before each delay. */
  readonly onRetry: (attempt: number, error: unknown, delayMs: number) => void;
  /** Maximum retries of the first connection. */
  readonly retries: number;
  readonly delayMs: number;
  readonly silenceMs: number;
};

/** Maximum consecutive reconnects without a new event, once a connection has been established. Those without a network do not count. */
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
        abortWith(here, loopLeft);
        return events.return(undefined).catch(over);
      },
    };
  },
});

async function* read<E extends Event>(source: StreamSource, here: AbortController): AsyncGenerator<E, undefined, undefined> {
  const { signal } = here;
  const progress = { seq: source.afterSeq, openedAt: Number.POSITIVE_INFINITY, worked: false };
  const stopForwarding = forwardAbort(source.signal, here);
  try {
    for (let tries = 0; ; tries++) {
      const before = progress.seq;
      let lost: unknown = new ConnectionError(`${source.operation} failed: the stream ended before its last event.`);
      try {
        if ((yield* readOnce<E>(source, progress, tries + 1, signal)) === 'over') return undefined;
      } catch (error) {
        if (signal.aborted) throw abortReason(signal);
        if (!isTransient(error)) throw error;
        lost = error;
      }
      if (progress.seq > before || Date.now() - progress.openedAt > stableConnectionMs) tries = 0;
      if (progress.worked && isOffline()) tries = Math.min(tries, maxReconnects - 1);
      const wait = tries < (progress.worked ? maxReconnects : source.retries) ? retryDelay(tries, source.delayMs, lost) : undefined;
      if (wait === undefined) throw lost;
      source.onRetry(tries + 1, lost, wait);
      source.onConnection?.('reconnecting');
      await pause(wait, signal);
    }
  } finally {
    stopForwarding();
  }
}

/** Reads one connection. Returns `over` if the stream has ended, `cut` if it must reconnect. */
async function* readOnce<E extends Event>(
  source: StreamSource,
  progress: { seq: number; openedAt: number; worked: boolean },
  attempt: number,
  signal: AbortSignal,
): AsyncGenerator<E, 'over' | 'cut', undefined> {
  const { operation } = source;
  const connection = openConnection(operation, signal, source.silenceMs);
  let reading = false;
  progress.openedAt = Number.POSITIVE_INFINITY;
  try {
    const response = await source.open(progress.worked ? progress.seq : undefined, attempt, connection.signal);
    progress.openedAt = Date.now();
    progress.worked = true;
    const observe = observerOf(response);
    if (response.status === 204 || response.body === null) return 'over';
    checkStreaming(operation, response);
    source.onConnection?.('open');
    reading = true;
    for await (const { data } of decodeEvents(connection.bytes(response.body))) {
      const event = observe(JSON.parse(data) as E);
      if (event.seq <= progress.seq) continue;
      // On a gap, reconnect to receive the missing events.
      if (event.seq > progress.seq + 1) return 'cut';
      progress.seq = event.seq;
      yield event;
      if (source.finalTypes.includes(event.type)) return 'over';
    }
    return source.live ? 'cut' : 'over';
  } catch (error) {
    if (connection.signal.aborted) throw abortReason(connection.signal);
    if (!reading || error instanceof ApiError || error instanceof ConnectionError) throw error;
    throw new ConnectionError(`${operation} failed: the connection broke.`, error);
  } finally {
    connection.close();
  }
}

/** Throws a TypeError in runtimes that cannot read a response while it arrives. */
function checkStreaming(operation: string, { body }: Response) {
  const missing =
    typeof body?.getReader !== 'function' ? 'a readable response.body' : typeof TextDecoder === 'undefined' ? 'TextDecoder' : undefined;
  if (missing)
    throw new TypeError(
      `${operation} failed: streams need ${missing}, which this runtime does not have. In React Native, pass the fetch of expo/fetch: createClient({ fetch, … }).`,
    );
}
