import type { Outbound } from '../../../kernel/outbound.ts';
import { ToolFailure } from '../tool.ts';
import { decodePage } from './charset.ts';
import type { PageReader } from './pageReader.ts';
import { readUpTo } from './vendor.ts';

/** A page that was fetched: where it was in the end, and its text. `cut` says that there was more of it. */
export type FetchedPage = { url: string; title: string; text: string; cut: boolean };

type Answer = Awaited<ReturnType<Outbound['fetch']>>;
type Source = { outbound: Outbound; reader: PageReader };

const mostRedirects = 10;
const maxBytes = 5 * 2 ** 20;
const accepted = 'text/html,application/xhtml+xml,text/plain;q=0.9,application/json;q=0.8,*/*;q=0.5';

/** A URL without what only a browser reads. */
export const withoutFragment = (url: string): string => url.replace(/#.*$/s, '');

/** Fetch a page ourselves. Throws `OutboundDenied`, `tool.fetch_failed`, and what `fetch` throws. */
export async function fetchPage({ outbound, reader }: Source, start: string, signal: AbortSignal): Promise<FetchedPage> {
  const { url, response } = await follow(outbound, start, signal);
  if (response.status >= 300) await refuseStatus(response);
  const contentType = response.headers.get('content-type') ?? '';
  const kind = kindOf(contentType);
  if (kind === 'binary') return refuseType(response, contentType);
  const { bytes, cut } = await readUpTo(response.body, maxBytes);
  const isHtml = kind === 'html' || (kind === 'unknown' && looksLikeHtml(bytes));
  const text = decodePage(bytes, contentType, isHtml);
  // No text has this character: it is a file under a wrong name.
  if (text.includes('\0')) return refuseType(response, contentType);
  return { url, cut, ...(isHtml ? await reader.page(text, signal) : { title: '', text }) };
}

/** Every address on the way is checked like the first one. */
async function follow(outbound: Outbound, start: string, signal: AbortSignal): Promise<{ url: string; response: Answer }> {
  let url = start;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await outbound.fetch(url, { policy: 'web', signal, headers: { accept: accepted } });
    const next = targetOf(response, url);
    if (next === undefined) return { url, response };
    await response.body?.cancel();
    url = next;
  }
  throw new ToolFailure('tool.fetch_failed', 'The page redirects too often.', { reason: 'too_many_redirects' });
}

/** Where a redirect leads. Servers write their own alphabet into the header as it is, in UTF-8. */
function targetOf({ status, headers }: Answer, base: string): string | undefined {
  const location = headers.get('location');
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const written = Buffer.from(location, 'latin1').toString('utf8');
  return withoutFragment(URL.parse(written, base)?.href ?? written);
}

async function refuseStatus({ status, body }: Answer): Promise<never> {
  await body?.cancel();
  throw new ToolFailure('tool.fetch_failed', `The page answered with status ${status}.`, { status_code: status });
}

async function refuseType({ body }: Answer, contentType: string): Promise<never> {
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
