import { outboundTraceHeaders } from '../../platform/telemetry/spans.ts';
import { type CallObserver, ModelError } from '../model.ts';
import type { ProviderDeps } from '../route.ts';
import type { AnswerLimits } from './answerLimits.ts';
import type { DebugRecorder, HttpCall } from './debugRecorder.ts';
import { networkFailure, type Redact, retryAfterOf, statusFailure, type Vendor } from './failures.ts';
import { sseData } from './sse.ts';

export type SendOptions = {
  vendor: Vendor;
  deps: ProviderDeps;
  redact: Redact;
  limits: AnswerLimits;
  tap?: DebugRecorder | undefined;
  observer?: CallObserver | undefined;
};

/** What all requests of a route have in common. */
export type Line = Omit<SendOptions, 'limits'>;

type Body = { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(): Promise<void> };

/** Time in milliseconds for the server to end a finished response, so that the connection can be reused. */
const closingMs = 50;

/** Sends a request and yields the data of each event of the response. Throws a `ModelError`, or the reason of `signal`. */
export async function* sendRequest(
  { url, headers, ...message }: HttpCall,
  { vendor, deps, redact, limits, tap, observer }: SendOptions,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const own = new AbortController();
  const patient = createIdleTimeout(deps.idleTimeoutMs ?? 60_000, own);
  let body: Body | undefined;
  try {
    const sent = {
      ...message,
      headers: { ...headers, ...outboundTraceHeaders() },
      method: 'POST',
      signal: AbortSignal.any([signal, own.signal]),
    };
    signal.throwIfAborted();
    observer?.onSent();
    const response = await patient(deps.outbound.fetch(url, { ...sent, streams: true }));
    body = response.body?.getReader();
    if (!response.ok) {
      const refusal = await patient(readStart(body, deps.maxErrorBytes ?? 16_384));
      tap?.chunk(refusal, response.status);
      throw statusFailure(vendor, response.status, refusal, retryAfterOf(response.headers.get('retry-after')), redact);
    }
    for await (const data of sseData(chunksOf(body, patient), limits.maxEventChars)) {
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

/** Aborts after `idleMs` of waiting. The time that a slow consumer takes does not count. */
function createIdleTimeout(idleMs: number, own: AbortController) {
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

/** The first bytes of a body as text. Ignores later errors. */
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
    // The status is known, which is enough.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}

/** Ignores connection errors after a complete answer. */
async function close(body: Body | undefined, own: AbortController) {
  const timer = setTimeout(() => own.abort(), own.signal.aborted ? 0 : closingMs);
  try {
    while (body && !own.signal.aborted) if ((await body.read()).done) break;
  } finally {
    clearTimeout(timer);
    own.abort();
  }
}
