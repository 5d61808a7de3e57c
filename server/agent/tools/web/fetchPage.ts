import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import { ToolFailure } from '../tool.ts';
import { decodePage } from './charset.ts';
import type { PageReader } from './pageReader.ts';
import { readUpTo } from './vendor.ts';

/** `url` is the address after redirects. `cut`: the page was longer than the limit. */
export type FetchedPage = { url: string; title: string; text: string; cut: boolean };

type PageResponse = Awaited<ReturnType<OutboundClient['fetch']>>;
type Source = { outbound: OutboundClient; reader: PageReader };

const maxRedirects = 10;
const maxBytes = 5 * 2 ** 20;
const accepted = 'text/html,application/xhtml+xml,text/plain;q=0.9,application/json;q=0.8,*/*;q=0.5';

export const withoutFragment = (url: string): string => url.replace(/#.*$/s, '');

/** Fetches a page without a provider. Throws `OutboundDenied`, `tool.fetch_failed`, and what `fetch` throws. */
export async function fetchPage({ outbound, reader }: Source, start: string, signal: AbortSignal): Promise<FetchedPage> {
  const { url, response } = await fetchFollowingRedirects(outbound, start, signal);
  if (response.status >= 300) await rejectStatus(response);
  const contentType = response.headers.get('content-type') ?? '';
  const kind = kindOf(contentType);
  if (kind === 'binary') return rejectType(response, contentType);
  const { bytes, cut } = await readUpTo(response.body, maxBytes);
  const isHtml = kind === 'html' || (kind === 'unknown' && looksLikeHtml(bytes));
  const text = decodePage(bytes, contentType, isHtml);
  // Text never contains U+0000: this is a binary file with a wrong content type.
  if (text.includes('\0')) return rejectType(response, contentType);
  return { url, cut, ...(isHtml ? await reader.page(text, signal) : { title: '', text }) };
}

/** Checks every redirect target like the first address. */
async function fetchFollowingRedirects(
  outbound: OutboundClient,
  start: string,
  signal: AbortSignal,
): Promise<{ url: string; response: PageResponse }> {
  let url = start;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await outbound.fetch(url, { policy: 'web', signal, headers: { accept: accepted } });
    const next = targetOf(response, url);
    if (next === undefined) return { url, response };
    await response.body?.cancel();
    url = next;
  }
  throw new ToolFailure('tool.fetch_failed', 'The page redirects too often.', { reason: 'too_many_redirects' });
}

/** Resolves `Location`. Servers write raw UTF-8 into this header. */
function targetOf({ status, headers }: PageResponse, base: string): string | undefined {
  const location = headers.get('location');
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const written = Buffer.from(location, 'latin1').toString('utf8');
  return withoutFragment(URL.parse(written, base)?.href ?? written);
}

async function rejectStatus({ status, body }: PageResponse): Promise<never> {
  await body?.cancel();
  throw new ToolFailure('tool.fetch_failed', `The page answered with status ${status}.`, { status_code: status });
}

async function rejectType({ body }: PageResponse, contentType: string): Promise<never> {
  await body?.cancel().catch(() => {});
  const content_type = contentType.split(';', 1)[0]!.trim().slice(0, 100);
  throw new ToolFailure('tool.fetch_failed', 'There is no text at this address.', { reason: 'not_text', content_type });
}

function kindOf(contentType: string): 'html' | 'text' | 'binary' | 'unknown' {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (type === '') return 'unknown';
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  return /^text\/|^application\/(json|xml|yaml|x-yaml|javascript|ecmascript|x-ndjson|toml|sql|rtf)$|\+(json|xml|yaml)$/.test(type)
    ? 'text'
    : 'binary';
}

const looksLikeHtml = (bytes: Buffer) =>
  /^\s*<(!doctype\s+html|html|head|body|title|meta|p|div|h1)\b/i.test(bytes.toString('latin1', 0, 512));
