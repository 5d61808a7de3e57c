import type { HttpResponse } from '../call.ts';
import { type Frame, isTerminal, parseFrame, type StreamEvent } from './frames.ts';

/** One connection, as far as it was read. */
export type Connection = HttpResponse & {
  path: string;
  frames: Frame[];
  events: StreamEvent[];
  /** Bytes after the last complete block. */
  rest: string;
  /** `server`: the server closed the response. `reader`: `until` was reached. `time`: `maxMs` were over. `broken`: the connection broke. */
  end: 'server' | 'reader' | 'time' | 'broken';
  /** Times of the request, of the first block, and of the end. */
  opened: number;
  closed: number;
};

export type ReadOptions = {
  token: string | undefined;
  headers?: Record<string, string>;
  maxMs: number;
  /** Ends the connection after an event. */
  until?: (event: StreamEvent, count: number) => boolean;
  /** Time for the server to close the connection after the terminal event. */
  closeMs: number;
  signal: AbortSignal;
};

/** Opens a stream and reads it to its end. Rejects if there is no response. */
export async function readStream(
  url: string,
  path: string,
  { token, headers, maxMs, until, closeMs, signal }: ReadOptions,
): Promise<Connection> {
  const leaving = new AbortController();
  let timer = setTimeout(() => leaving.abort(), maxMs);
  const opened = performance.now();
  try {
    const response = await fetch(url + path, {
      redirect: 'manual',
      signal: AbortSignal.any([leaving.signal, signal]),
      headers: { accept: 'text/event-stream', ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    });
    const read: Connection = {
      ...{ status: response.status, headers: response.headers, body: undefined, text: '', path },
      ...{ frames: [], events: [], rest: '', end: 'server', opened, closed: 0 },
    };
    try {
      let isEnded = false;
      for await (const chunk of textOf(response)) {
        const known = read.events.length;
        if (take(read, chunk, until)) break;
        if (isEnded || !read.events.slice(known).some(isTerminal)) continue;
        isEnded = true;
        clearTimeout(timer);
        timer = setTimeout(() => leaving.abort(), closeMs);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      read.end = leaving.signal.aborted ? 'time' : 'broken';
    }
    read.closed = performance.now();
    if (response.headers.get('content-type')?.includes('json')) read.body = JSON.parse(read.text);
    return read;
  } finally {
    clearTimeout(timer);
    leaving.abort();
  }
}

async function* textOf({ body }: Response): AsyncGenerator<string> {
  if (!body) return;
  const decoder = new TextDecoder();
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) yield decoder.decode(chunk, { stream: true });
}

/** Adds a chunk. Returns whether `until` was reached. */
function take(read: Connection, chunk: string, until: ReadOptions['until']): boolean {
  read.text += chunk;
  read.rest = (read.rest + chunk).replaceAll('\r\n', '\n');
  for (let end = read.rest.indexOf('\n\n'); end >= 0; end = read.rest.indexOf('\n\n')) {
    const frame = parseFrame(read.rest.slice(0, end), performance.now());
    read.rest = read.rest.slice(end + 2);
    read.frames.push(frame);
    if (frame.event) read.events.push(frame.event);
    if (frame.event && until?.(frame.event, read.events.length)) {
      read.end = 'reader';
      return true;
    }
  }
  return false;
}
