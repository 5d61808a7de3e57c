import type { ToolProviderName } from '../../../../contract/toolProviders.ts';
import { asObject, asText, parseObject } from '../../../models/wire/json.ts';
import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import type { Backend } from './backends.ts';
import { type FetchedPage, fetchPage } from './fetchPage.ts';
import type { PageReader } from './pageReader.ts';
import { fetchVendor, jsonRequest, VendorFailure, type VendorUrls } from './vendor.ts';

export type FetchDeps = { outbound: OutboundClient; vendors: VendorUrls; reader: PageReader };
type Fetch = (deps: FetchDeps, backend: Backend, url: string, signal: AbortSignal) => Promise<FetchedPage>;

/** Jina Reader: POST /. */
const jina: Fetch = async ({ outbound, vendors }, { apiKey, baseUrl, policy }, url, signal) => {
  const answer = await fetchVendor(outbound, `${baseUrl ?? vendors.jina}/`, { ...jsonRequest(apiKey, { url }), policy, signal });
  const { data } = parseObject(answer) ?? {};
  return pageIn(asObject(data), asObject(data).content, url);
};

/** Firecrawl: POST /v1/scrape. */
const firecrawl: Fetch = async ({ outbound, vendors }, { apiKey, baseUrl, policy }, url, signal) => {
  const request = jsonRequest(apiKey, { url, formats: ['markdown'] });
  const answer = await fetchVendor(outbound, `${baseUrl ?? vendors.firecrawl}/v1/scrape`, { ...request, policy, signal });
  const { success, data } = parseObject(answer) ?? {};
  if (success !== true) throw new VendorFailure();
  const metadata = asObject(asObject(data).metadata);
  const { statusCode } = metadata;
  if (typeof statusCode === 'number' && statusCode >= 400) throw new VendorFailure(statusCode);
  return pageIn({ ...metadata, url: asText(metadata.url) || metadata.sourceURL }, asObject(data).markdown, url);
};

const basic: Fetch = (deps, _backend, url, signal) => fetchPage(deps, url, signal);

const fetches: Partial<Record<ToolProviderName, Fetch>> = {
  'web_fetch.jina': jina,
  'web_fetch.firecrawl': firecrawl,
  'web_fetch.basic': basic,
};

/** Throws `VendorFailure`, and what `fetchPage` throws. */
export async function fetchWith(deps: FetchDeps, backend: Backend, url: string, signal: AbortSignal): Promise<FetchedPage> {
  const ask = fetches[backend.name];
  if (!ask) throw new VendorFailure();
  return ask(deps, backend, url, signal);
}

/** Throws `VendorFailure` if the vendor returned no content. */
function pageIn(facts: Record<string, unknown>, content: unknown, asked: string): FetchedPage {
  if (typeof content !== 'string') throw new VendorFailure();
  const url = URL.parse(asText(facts.url));
  return { url: url && /^https?:$/.test(url.protocol) ? url.href : asked, title: asText(facts.title), text: content, cut: false };
}
