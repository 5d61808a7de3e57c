import { abortWith, forwardAbort } from '../abort.ts';
import { ConnectionError, TimeoutError } from '../errors.ts';
import { onOnline } from './page.ts';

export type Connection = {
  readonly signal: AbortSignal;
  /** Yields the chunks of a body. The timeout covers the wait for each chunk, not the time the consumer takes. */
  bytes(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
  close(): void;
};

/** Aborts with `wanted`, with a TimeoutError after `silenceMs` without data, or when the network of a browser has been away: the connection is lost then, also if nobody says so. */
export function openConnection(operation: string, wanted: AbortSignal, silenceMs: number): Connection {
  const here = new AbortController();
  const watch = () => setTimeout(() => abortWith(here, new TimeoutError(silenceMs, operation)), silenceMs);
  const stopForwarding = forwardAbort(wanted, here);
  const stopListening = onOnline(() => abortWith(here, new ConnectionError(`${operation} failed: the network was away.`)));
  let watchdog = watch();

  return {
    signal: here.signal,
    async *bytes(body) {
      const reader = body.getReader();
      for (;;) {
        clearTimeout(watchdog);
        watchdog = watch();
        const { done, value } = await reader.read();
        clearTimeout(watchdog);
        if (done) return;
        yield value;
      }
    },
    close() {
      clearTimeout(watchdog);
      stopForwarding();
      stopListening();
      abortWith(here, new ConnectionError('The connection was closed.'));
    },
  };
}
