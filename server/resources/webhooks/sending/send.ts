import type { WebhookError } from '../../../../contract/webhooks.ts';
import { type OutboundClient, OutboundDenied } from '../../../platform/outbound/outbound.ts';
import { outboundTraceHeaders } from '../../../platform/telemetry/spans.ts';
import { parseRetryAfter } from './retryDelay.ts';

/** The result of one request. `error` is one of our codes; error texts of libraries and remote hosts are not exposed. */
export type SendResult = {
  error: WebhookError | null;
  status: number | null;
  body: string | null;
  /** Seconds of the `Retry-After` header. */
  retryAfter: number;
};

/** The number of bytes of a response body that are stored. */
const maxBodyBytes = 4_096;

const failed = (error: WebhookError): SendResult => ({ error, status: null, body: null, retryAfter: 0 });

/**
 * Sends one request; undefined if `stop` aborted it before a response. `timeoutMs` includes its response. The status decides about success, even if
 * reading the body fails.
 */
export async function send(
  outbound: OutboundClient,
  url: string,
  headers: Record<string, string>,
  body: string,
  { stop, timeoutMs }: { stop: AbortSignal; timeoutMs: number },
): Promise<SendResult | undefined> {
  const over = new AbortController();
  const end = () => over.abort();
  const late = setTimeout(end, timeoutMs);
  stop.addEventListener('abort', end);
  try {
    const response = await outbound.fetch(url, {
      method: 'POST',
      headers: { ...headers, ...outboundTraceHeaders() },
      body: Buffer.from(body),
      signal: over.signal,
    });
    const { status } = response;
    const retryAfter = status === 429 || status === 503 ? parseRetryAfter(response.headers.get('retry-after')) : 0;
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

/** The first bytes of a response as text; the rest is not read. Removes invalid UTF-8 and NUL, which PostgreSQL cannot store in text. */
async function readStart(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // Leaving the loop cancels the rest of the body.
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= maxBodyBytes) break;
    }
  } catch {
    // Keep what was read before the connection broke.
  }
  return Buffer.concat(chunks)
    .subarray(0, maxBodyBytes)
    .toString()
    .replaceAll(/[\uFFFD\0]/g, '');
}
