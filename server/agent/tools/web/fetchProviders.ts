import type { ToolProviderName } from '../../../../contract/toolProviders.ts';
import type { Outbound } from '../../../kernel/outbound.ts';
import { object, parseObject, text } from '../../providers/json.ts';
import type { Backend } from './backends.ts';
import { type FetchedPage, fetchPage } from './page.ts';
import type { PageReader } from './pageReader.ts';
import { askVendor, jsonRequest, VendorFailure, type Vendors } from './vendor.ts';

export type FetchDeps = { outbound: Outbound; vendors: Vendors; reader: PageReader };
type Fetch = (deps: FetchDeps, backend: Backend, url: string, signal: AbortSignal) => Promise<FetchedPage>;

/** Let Jina read the page (POST /). */
const jina: Fetch = async ({ outbound, vendors }, { apiKey, baseUrl, policy }, url, signal) => {
  const answer = await askVendor(outbound, `${baseUrl ?? vendors.jina}/`, { ...jsonRequest(apiKey, { url }), policy, signal });
  const { data } = parseObject(answer) ?? {};
  return pageIn(object(data), object(data).content, url);
};

/** Let Firecrawl read the page (POST /v1/scrape). */
const firecrawl: Fetch = async ({ outbound, vendors }, { apiKey, baseUrl, policy }, url, signal) => {
  const request = jsonRequest(apiKey, { url, formats: ['markdown'] });
  const answer = await askVendor(outbound, `${baseUrl ?? vendors.firecrawl}/v1/scrape`, { ...request, policy, signal });
  const { success, data } = parseObject(answer) ?? {};
  if (success !== true) throw new VendorFailure();
  const metadata = object(object(data).metadata);
  const { statusCode } = metadata;
  if (typeof statusCode === 'number' && statusCode >= 400) throw new VendorFailure(statusCode);
  return pageIn({ ...metadata, url: text(metadata.url) || metadata.sourceURL }, object(data).markdown, url);
};

const basic: Fetch = (deps, _backend, url, signal) => fetchPage(deps, url, signal);

const fetches: Partial<Record<ToolProviderName, Fetch>> = {
  'web_fetch.jina': jina,
  'web_fetch.firecrawl': firecrawl,
  'web_fetch.basic': basic,
};

/** Fetch a page with a back end. Throws `VendorFailure`, and what `fetchPage` throws. */
export async function fetchWith(deps: FetchDeps, backend: Backend, url: string, signal: AbortSignal): Promise<FetchedPage> {
  const ask = fetches[backend.name];
  if (!ask) throw new VendorFailure();
  return ask(deps, backend, url, signal);
}

/** A page as a vendor describes it; one without content is none. */
function pageIn(facts: Record<string, unknown>, content: unknown, asked: string): FetchedPage {
  if (typeof content !== 'string') throw new VendorFailure();
  const url = URL.parse(text(facts.url));
  return { url: url && /^https?:$/.test(url.protocol) ? url.href : asked, title: text(facts.title), text: content, cut: false };
}
