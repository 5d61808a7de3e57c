import { stepHeaders } from '../../kernel/spans.ts';
import { type CallObserver, ModelError } from '../model.ts';
import type { Tap } from './debug.ts';
import { networkFailure, type Redact, retryAfterOf, statusFailure, type Vendor } from './failures.ts';
import type { ProviderDeps } from './route.ts';
import { eventData } from './sse.ts';

/** A request ready to be sent. */
export type HttpCall = { url: string; headers: Record<string, string>; body: string };

/** How one vendor is spoken to; tap and observer are told what goes on. */
export type Line = {
  vendor: Vendor;
  deps: ProviderDeps;
  redact: Redact;
  tap?: Tap | undefined;
  observer?: CallObserver | undefined;
};

type Body = { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(): Promise<void> };

/** Time the other side may take to close a finished answer, so that the connection can be used again. */
const closingMs = 50;

/** Send a request and yield the data of each event of the answer. Throws a `ModelError`, or the reason of `signal`. */
export async function* exchange(
  { url, headers, ...message }: HttpCall,
  { vendor, deps, redact, tap, observer }: Line,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const own = new AbortController();
  const patient = patience(deps.idleTimeoutMs ?? 60_000, own);
  let body: Body | undefined;
  try {
    const sent = { ...message, headers: { ...headers, ...stepHeaders() }, method: 'POST', signal: AbortSignal.any([signal, own.signal]) };
    signal.throwIfAborted();
    observer?.sent();
    const response = await patient(deps.outbound.fetch(url, { ...sent, streams: true }));
    body = response.body?.getReader();
    if (!response.ok) {
      const refusal = await patient(readStart(body, deps.maxErrorBytes ?? 16_384));
      tap?.chunk(refusal, response.status);
      throw statusFailure(vendor, response.status, refusal, retryAfterOf(response.headers.get('retry-after')), redact);
    }
    for await (const data of eventData(chunksOf(body, patient))) {
      tap?.chunk(data);
      yield data;
    }
  } catch (error) {
    own.abort();
    if (signal.aborted) throw signal.reason;
    throw networkFailure(error);
  } finally {
    close(body, own).catch(() => undefined);
  }
}

/** Waits that give up after `idleMs`; only time spent waiting counts, not the time a slow reader takes. */
function patience(idleMs: number, own: AbortController) {
  return async <T>(wait: Promise<T>): Promise<T> => {
    const silent = () =>
      own.abort(
        new ModelError('provider.retryable', 'The model provider went silent.', {
          details: { reason: 'idle_timeout', idle_timeout_ms: idleMs },
        }),
      );
    const timer = setTimeout(silent, idleMs);
    try {
      return await wait;
    } finally {
      clearTimeout(timer);
    }
  };
}

async function* chunksOf(body: Body | undefined, patient: <T>(wait: Promise<T>) => Promise<T>): AsyncGenerator<Uint8Array> {
  while (body) {
    const { done, value } = await patient(body.read());
    if (done) return;
    if (value) yield value;
  }
}

/** The first bytes of a body as text; what fails after them does not matter. */
async function readStart(body: Body | undefined, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of chunksOf(body, (wait) => wait)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) break;
    }
  } catch {
    // The status is known, and that is what counts.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}

/** Errors of the connection after a complete answer are of no interest. */
async function close(body: Body | undefined, own: AbortController) {
  const timer = setTimeout(() => own.abort(), own.signal.aborted ? 0 : closingMs);
  try {
    while (body && !own.signal.aborted) if ((await body.read()).done) break;
  } finally {
    clearTimeout(timer);
    own.abort();
  }
}
