import { ConnectionError, TimeoutError } from './errors.ts';

/** One connection of a stream, ended by its owner or by silence. */
export type Connection = {
  readonly signal: AbortSignal;
  /** The bytes of a body as they come; the wait for each is limited, the time its reader takes is not. */
  bytes(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
  close(): void;
};

/** A connection that aborts with `wanted`, or after `silenceMs` without a byte. */
export function openConnection(wanted: AbortSignal, silenceMs: number): Connection {
  const here = new AbortController();
  const watch = () => setTimeout(() => here.abort(new TimeoutError(silenceMs)), silenceMs);
  const forward = () => here.abort(wanted.reason);
  let watchdog = watch();
  if (wanted.aborted) forward();
  wanted.addEventListener('abort', forward, { once: true });

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
      wanted.removeEventListener('abort', forward);
      here.abort(new ConnectionError('The connection was closed.'));
    },
  };
}
