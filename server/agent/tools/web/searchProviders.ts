import type { ToolProviderName } from '../../../../contract/toolProviders.ts';
import { asObjects, asText, parseObject } from '../../../models/wire/json.ts';
import type { OutboundClient, OutboundInit } from '../../../platform/outbound/outbound.ts';
import type { Backend } from './backends.ts';
import type { PageReader, SearchHit } from './pageReader.ts';
import { fetchVendor, jsonRequest, VendorFailure, type VendorUrls } from './vendor.ts';

export type SearchDeps = { outbound: OutboundClient; vendors: VendorUrls; reader: PageReader };
export type Query = { query: string; limit: number; signal: AbortSignal };
type Search = (deps: SearchDeps, backend: Backend, query: Query) => Promise<SearchHit[]>;

/** Tavily: POST /search. */
const tavily: Search = async ({ outbound, vendors }, { apiKey, baseUrl, policy }, { query, limit, signal }) => {
  const request = jsonRequest(apiKey, { query, max_results: limit, search_depth: 'basic' });
  const answer = await fetchVendor(outbound, `${baseUrl ?? vendors.tavily}/search`, { ...request, policy, signal });
  return hitsIn(answer);
};

/** SearXNG. The instance must enable `json` in `search.formats`. */
const searxng: Search = async ({ outbound }, { baseUrl, policy }, { query, signal }) => {
  const parameters = new URLSearchParams({ q: query, format: 'json' });
  const init: OutboundInit = { headers: { accept: 'application/json' }, policy, signal };
  return hitsIn(await fetchVendor(outbound, `${baseUrl}/search?${parameters}`, init));
};

/** DuckDuckGo, the page without scripts. It answers suspected bots with a status other than 200. */
const duckduckgo: Search = async ({ outbound, vendors, reader }, { policy }, { query, signal }) => {
  const url = `${vendors.duckduckgo}/html/?${new URLSearchParams({ q: query })}`;
  const html = await fetchVendor(outbound, url, { headers: { accept: 'text/html' }, policy, signal });
  return reader.results(html, signal);
};

const searches: Partial<Record<ToolProviderName, Search>> = {
  'web_search.tavily': tavily,
  'web_search.searxng': searxng,
  'web_search.duckduckgo': duckduckgo,
};

/** Throws `VendorFailure`. */
export async function searchWith(deps: SearchDeps, backend: Backend, query: Query): Promise<SearchHit[]> {
  const search = searches[backend.name];
  if (!search) throw new VendorFailure();
  return (await search(deps, backend, query)).slice(0, query.limit);
}

/** The response format that Tavily and SearXNG share. */
function hitsIn(answer: string): SearchHit[] {
  const { results } = parseObject(answer) ?? {};
  if (!Array.isArray(results)) throw new VendorFailure();
  return asObjects(results).map((result) => ({ title: asText(result.title), url: asText(result.url), snippet: asText(result.content) }));
}
