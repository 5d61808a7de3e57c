import type { WebhookError } from '../../../contract/webhooks.ts';
import { type Outbound, OutboundDenied } from '../../kernel/outbound.ts';
import { stepHeaders } from '../../kernel/spans.ts';
import { readRetryAfter } from './schedule.ts';

/** What came of one request. The words for what went wrong are our own: nothing that a port or a library says is repeated. */
export type Attempt = {
  error: WebhookError | null;
  status: number | null;
  body: string | null;
  /** Seconds that the receiver asked to wait. */
  retryAfter: number;
};

/** Milliseconds for a request with its answer. */
export const requestMs = 10_000;
/** Bytes of an answer that are kept. */
const keptBytes = 4_096;

const failed = (error: WebhookError): Attempt => ({ error, status: null, body: null, retryAfter: 0 });

/** Send one request; undefined when `stop` ended it before there was an answer. The status decides, whatever becomes of the body. */
export async function send(
  outbound: Outbound,
  url: string,
  headers: Record<string, string>,
  body: string,
  stop: AbortSignal,
): Promise<Attempt | undefined> {
  const over = new AbortController();
  const end = () => over.abort();
  const late = setTimeout(end, requestMs);
  stop.addEventListener('abort', end);
  try {
    const response = await outbound.fetch(url, {
      method: 'POST',
      headers: { ...headers, ...stepHeaders() },
      body: Buffer.from(body),
      signal: over.signal,
    });
    const { status } = response;
    const retryAfter = status === 429 || status === 503 ? readRetryAfter(response.headers.get('retry-after')) : 0;
    return { error: errorOf(status), status, body: await readStart(response.body), retryAfter };
  } catch (error) {
    if (error instanceof OutboundDenied) return failed('url_denied');
    if (stop.aborted) return undefined;
    return failed(over.signal.aborted ? 'timeout' : 'connection_failed');
  } finally {
    clearTimeout(late);
    stop.removeEventListener('abort', end);
  }
}

function errorOf(status: number): WebhookError | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? 'redirect' : 'http_status';
}

/** The first bytes of an answer as text; the rest is never read. What is no UTF-8, or no text of the database, is left out. */
async function readStart(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // Leaving the loop cancels what is still to come.
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= keptBytes) break;
    }
  } catch {
    // What came before the break is kept.
  }
  return Buffer.concat(chunks)
    .subarray(0, keptBytes)
    .toString()
    .replaceAll(/[\uFFFD\0]/g, '');
}
