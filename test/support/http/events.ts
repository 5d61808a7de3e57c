import type { RunEvent } from '../../../contract/events.ts';

/** A connection to an event stream, parsed here instead of by the client, so that tests see the raw text. */
export type Stream = {
  status: number;
  headers: Headers;
  /** The events so far. */
  events: RunEvent[];
  /** The raw text so far. */
  text(): string;
  /** Resolves when the server has ended the stream. */
  ended: Promise<void>;
  /** Resolves with the events once one satisfies the condition. Rejects if the stream ends first. */
  until(condition: (event: RunEvent) => boolean): Promise<RunEvent[]>;
  close(): void;
};

type Options = {
  token: string;
  after?: number;
  lastEventId?: number | string;
  follow?: boolean;
  headers?: Record<string, string>;
  /** Ends the connection, also while waiting for the response. */
  signal?: AbortSignal;
};

export async function openStream(
  url: string,
  runId: string,
  { token, after, lastEventId, follow, headers, signal }: Options,
): Promise<Stream> {
  const abort = new AbortController();
  if (signal?.aborted) abort.abort();
  signal?.addEventListener('abort', () => abort.abort());
  const query = new URLSearchParams({
    ...(after !== undefined && { after_seq: String(after) }),
    ...(follow !== undefined && { follow: String(follow) }),
  });
  const response = await fetch(`${url}/v1/runs/${runId}/events?${query}`, {
    headers: { authorization: `Bearer ${token}`, ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }), ...headers },
    signal: abort.signal,
  });
  const events: RunEvent[] = [];
  let text = '';
  let wake = Promise.withResolvers<void>();
  let over = false;
  const ended = (async () => {
    let rest = '';
    for await (const chunk of decoded(response)) {
      text += chunk;
      rest += chunk;
      const blocks = rest.split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const line = block.split('\n').find((each) => each.startsWith('data: '));
        if (line) events.push(JSON.parse(line.slice(6)));
      }
      wake.resolve();
      wake = Promise.withResolvers();
    }
  })()
    .catch((error) => {
      if (!abort.signal.aborted) throw error;
    })
    .finally(() => {
      over = true;
      wake.resolve();
    });
  return {
    status: response.status,
    headers: response.headers,
    events,
    text: () => text,
    ended,
    async until(condition) {
      while (!events.some(condition)) {
        if (over) throw new Error(`the stream (${response.status}) ended without it: ${types(events).join(', ') || text}`);
        await wake.promise;
      }
      return events;
    },
    close: () => abort.abort(),
  };
}

/** Waits for the end of the stream. */
export async function readAll(url: string, runId: string, token: string): Promise<RunEvent[]> {
  const stream = await openStream(url, runId, { token });
  await stream.ended;
  return stream.events;
}

export const types = (events: readonly RunEvent[]) => events.map((event) => event.type);
export const isTerminal = ({ type }: RunEvent) => type === 'run.completed' || type === 'run.failed' || type === 'run.cancelled';

/** Decodes the body without splitting multibyte characters. */
async function* decoded({ body }: Response) {
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) yield decoder.decode(bytes as Uint8Array, { stream: true });
}
