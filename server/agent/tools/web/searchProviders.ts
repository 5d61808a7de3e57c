import type { ToolProviderName } from '../../../../contract/toolProviders.ts';
import type { Outbound, OutboundInit } from '../../../kernel/outbound.ts';
import { objects, parseObject, text } from '../../providers/json.ts';
import type { Backend } from './backends.ts';
import type { PageReader } from './pageReader.ts';
import { askVendor, jsonRequest, VendorFailure, type Vendors } from './vendor.ts';

/** What a search found, as its provider says it. */
export type Hit = { title: string; url: string; snippet: string };

export type SearchDeps = { outbound: Outbound; vendors: Vendors; reader: PageReader };
export type Query = { query: string; limit: number; signal: AbortSignal };
type Search = (deps: SearchDeps, backend: Backend, query: Query) => Promise<Hit[]>;

/** Ask Tavily (POST /search). */
const tavily: Search = async ({ outbound, vendors }, { apiKey, baseUrl, policy }, { query, limit, signal }) => {
  const request = jsonRequest(apiKey, { query, max_results: limit, search_depth: 'basic' });
  const answer = await askVendor(outbound, `${baseUrl ?? vendors.tavily}/search`, { ...request, policy, signal });
  return hitsIn(answer);
};

/** Ask an instance of SearXNG whose `search.formats` has `json`. */
const searxng: Search = async ({ outbound }, { baseUrl, policy }, { query, signal }) => {
  const parameters = new URLSearchParams({ q: query, format: 'json' });
  const init: OutboundInit = { headers: { accept: 'application/json' }, policy, signal };
  return hitsIn(await askVendor(outbound, `${baseUrl}/search?${parameters}`, init));
};

/** Ask DuckDuckGo for its page without scripts. Of those it takes for machines it wants proof, under another status than 200. */
const duckduckgo: Search = async ({ outbound, vendors, reader }, { policy }, { query, signal }) => {
  const url = `${vendors.duckduckgo}/html/?${new URLSearchParams({ q: query })}`;
  const html = await askVendor(outbound, url, { headers: { accept: 'text/html' }, policy, signal });
  return reader.results(html, signal);
};

const searches: Partial<Record<ToolProviderName, Search>> = {
  'web_search.tavily': tavily,
  'web_search.searxng': searxng,
  'web_search.duckduckgo': duckduckgo,
};

/** Search with a back end. Throws `VendorFailure`. */
export async function searchWith(deps: SearchDeps, backend: Backend, query: Query): Promise<Hit[]> {
  const search = searches[backend.name];
  if (!search) throw new VendorFailure();
  return (await search(deps, backend, query)).slice(0, query.limit);
}

/** Tavily and SearXNG agree on this much. */
function hitsIn(answer: string): Hit[] {
  const { results } = parseObject(answer) ?? {};
  if (!Array.isArray(results)) throw new VendorFailure();
  return objects(results).map((result) => ({ title: text(result.title), url: text(result.url), snippet: text(result.content) }));
}
