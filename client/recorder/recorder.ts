import { pathSegments } from '../../contract/shared/path.ts';
import { RouteTable } from '../../contract/shared/routeTable.ts';
import { trimEnd } from '../../contract/shared/text.ts';
import { routes } from '../generated/routes.ts';
import { foldNotes } from './fold.ts';
import type { Manifest } from './manifest.ts';
import { createNotebook, type Notebook, type Notes } from './notes.ts';
import { noteSent } from './observe.ts';
import { observeResponse } from './response.ts';

export type RecorderOptions = {
  /** The name of the consumer: a product, a page, a job. */
  consumer: string;
  /** Requests to other URLs are not recorded. The same as for the client. */
  baseUrl: string | URL;
  /** Sends the requests: `mocks.fetch`, for example. Default: the global one. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Called with all notes after each new one, to save them before a page is left. */
  onNotes?: ((notes: Notes) => void) | undefined;
};

export type Recorder = {
  /** Use it in place of `fetch`. */
  readonly fetch: typeof globalThis.fetch;
  /** The notes so far. They contain names as they were sent; the manifest contains only names of the contract. */
  readonly notes: Notes;
  /** The manifest of everything that was recorded so far. Needs `zod`. */
  manifest(): Promise<Manifest>;
};

/** Records what a consumer uses of the API: operations, statuses, reasons of errors, fields of requests, and the fields of responses that it reads. */
export function createRecorder({ consumer, baseUrl, fetch: send, onNotes }: RecorderOptions): Recorder {
  const prefix = trimEnd(String(baseUrl), '/');
  const notebook: Notebook = createNotebook(onNotes && (() => onNotes(notebook.notes)));
  return {
    notes: notebook.notes,
    manifest: () => foldNotes(consumer, notebook.notes),
    fetch: async (input, init) => {
      const request = copyOf(input, init);
      const forward = () => (send ?? globalThis.fetch)(input, init);
      if (!request.url.startsWith(`${prefix}/`)) return forward();
      const url = new URL(request.url);
      const path = url.pathname.slice(new URL(`${prefix}/`).pathname.length - 1);
      const hit = table.find(request.method, path);
      if (!hit || 'allow' in hit) {
        notebook.unknown(`${request.method} ${withoutValues(path)}`);
        return forward();
      }
      // Sent at once: a page that is being left waits for nothing.
      const [response] = await Promise.all([forward(), noteRequest(notebook, hit.value, url, request)]);
      return observeResponse(notebook, hit.value, response);
    },
  };
}

/** A copy to read the request from. Without a streamed body, which can be read only once. */
const copyOf = (input: RequestInfo | URL, init: RequestInit | undefined) =>
  input instanceof Request && init === undefined
    ? input.clone()
    : new Request(input, init?.body instanceof ReadableStream ? { method: init.method ?? 'GET', headers: init.headers ?? {} } : init);

const table = new RouteTable<string>();
const literals = new Set<string>();
for (const [area, verbs] of Object.entries(routes))
  for (const [verb, { method, path }] of Object.entries(verbs)) {
    table.add(method, path, `${area}.${verb}`);
    for (const segment of pathSegments(path)) if (!segment.startsWith('{')) literals.add(segment);
  }

/** A segment that occurs in no path of the API may be a value. */
const withoutValues = (path: string) =>
  `/${pathSegments(path)
    .map((segment) => (literals.has(segment) ? segment : '*'))
    .join('/')}`;

async function noteRequest(notebook: Notebook, id: string, url: URL, request: Request) {
  notebook.called(id);
  for (const name of url.searchParams.keys()) notebook.query(id, name);
  for (const name of request.headers.keys()) notebook.header(id, name);
  const type = request.headers.get('content-type') ?? '';
  const note = (path: string[]) => notebook.body(id, path);
  try {
    if (type.startsWith('application/json')) noteSent(await request.clone().json(), note);
    else if (type.startsWith('multipart/form-data')) for (const name of (await request.clone().formData()).keys()) note([name]);
  } catch {
    // The consumer sends an unreadable body, perhaps to test an error.
  }
}
