import type { RunEvent } from '../generated/types.ts';

export type EventsResponseOptions = {
  /** Milliseconds before each event. Default 0. */
  everyMs?: number | undefined;
  /** Breaks the connection after the event with this `seq`. A client that reconnects continues after it. */
  cutAfter?: number | undefined;
};

const finalTypes: readonly RunEvent['type'][] = ['run.completed', 'run.failed', 'run.cancelled'];

/** Server-sent event format (WHATWG HTML, 9.2.6). */
export const encodeEvent = (event: RunEvent): string => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** A response of `GET /v1/runs/{run_id}/events` for these events: those after `after_seq` or `Last-Event-ID`. */
export function eventsResponse(
  events: readonly RunEvent[],
  request?: Pick<Request, 'url' | 'headers'>,
  { everyMs = 0, cutAfter }: EventsResponseOptions = {},
): Response {
  const after = request ? lastSeen(request) : 0;
  const wanted = events.filter(({ seq }) => seq > after);
  const isOver = finalTypes.some((type) => type === events.at(-1)?.type);
  // Ends the reconnections of a client that has received everything.
  if (isOver && wanted.length === 0 && request?.headers.has('last-event-id')) return new Response(null, { status: 204 });
  const encoder = new TextEncoder();
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const event = wanted[at++];
      if (!event) return controller.close();
      if (event.seq - 1 === cutAfter) return controller.error(new TypeError('The connection was cut.'));
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
      controller.enqueue(encoder.encode(encodeEvent(event)));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' } });
}

function lastSeen({ url, headers }: Pick<Request, 'url' | 'headers'>): number {
  const asked = new URL(url, 'http://localhost').searchParams.get('after_seq');
  return Math.max(Number(asked ?? 0), Number(headers.get('last-event-id') ?? 0));
}
