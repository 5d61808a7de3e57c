import { observeBody } from '../core/observer.ts';
import { decodeEvents } from '../core/stream/events.ts';
import type { Notebook } from './notes.ts';
import { noteRead, observe } from './observe.ts';

/** Notes the status and, for an error, its reason; the methods of the response report what is read from its body. */
export async function observeResponse(notebook: Notebook, id: string, response: Response): Promise<Response> {
  const { status } = response;
  notebook.answered(id, status);
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream')) return observeStream(notebook, id, response);
  if (!type.includes('json')) return response;
  if (status >= 400) await noteReason(notebook, id, response);
  return observeJson(notebook, id, response);
}

/** `details.reason` of an error. */
async function noteReason(notebook: Notebook, id: string, response: Response) {
  const problem = (await response
    .clone()
    .json()
    .catch(() => undefined)) as { details?: { reason?: unknown } } | undefined;
  const reason = problem?.details?.reason;
  if (typeof reason === 'string') notebook.reason(id, response.status, reason);
}

function observeJson(notebook: Notebook, id: string, response: Response): Response {
  const onRead = (path: string[]) => notebook.read(id, response.status, path);
  const [json, text, bytes, clone] = [response.json, response.text, response.arrayBuffer, response.clone].map((method) =>
    method.bind(response),
  ) as [Response['json'], Response['text'], Response['arrayBuffer'], Response['clone']];
  /** What the consumer does with a text cannot be observed. The typed client reads errors as text; their format is the same everywhere. */
  const noteText = (body: string) => {
    if (response.status >= 400) return;
    try {
      noteRead(JSON.parse(body), onRead);
    } catch {
      // Not JSON in spite of its type: there are no names to note.
    }
  };
  return Object.assign(response, {
    // The typed client reads the body in parts.
    [observeBody]: () => (value: unknown) => observe(value, onRead),
    json: async () => observe(await json(), onRead),
    text: async () => {
      const body = await text();
      noteText(body);
      return body;
    },
    arrayBuffer: async () => {
      const buffer = await bytes();
      noteText(new TextDecoder().decode(buffer));
      return buffer;
    },
    clone: () => observeJson(notebook, id, clone()),
  });
}

type StreamEvent = { type?: unknown };

/** The typed client asks for the observer and reads the events through it. For other readers, every field counts as read. */
function observeStream(notebook: Notebook, id: string, response: Response): Response {
  const noterFor = (event: StreamEvent) => {
    const type = String(event.type);
    notebook.event(id, response.status, type, ['type']);
    return (path: string[]) => notebook.event(id, response.status, type, path);
  };
  const { body } = response;
  let isObserved = false;
  let reading: ReadableStream<Uint8Array> | null | undefined;
  const readUnobserved = () => {
    if (!body) return null;
    const [theirs, ours] = body.tee();
    // The connection may be closed, or an event may not be JSON.
    noteStream(ours, (event) => noteRead(event, noterFor(event))).catch(() => undefined);
    return theirs;
  };
  return Object.defineProperties(response, {
    [observeBody]: {
      value: () => {
        isObserved = true;
        return <E extends StreamEvent>(event: E) => observe(event, noterFor(event));
      },
    },
    body: {
      get() {
        reading ??= isObserved ? body : readUnobserved();
        return reading;
      },
    },
  });
}

async function noteStream(stream: ReadableStream<Uint8Array>, note: (event: StreamEvent) => void) {
  for await (const { data } of decodeEvents(stream as unknown as AsyncIterable<Uint8Array>)) note(JSON.parse(data) as StreamEvent);
}
