import { createServerFetch } from '../../../server/agent/mcp/transport/serverFetch.ts';
import { fetchPage, withoutFragment } from '../../../server/agent/tools/web/fetchPage.ts';
import { createPageReader } from '../../../server/agent/tools/web/pageReader.ts';
import { listUpstreamModels } from '../../../server/models/catalog.ts';
import {
  createOutboundClient,
  type OutboundClient,
  OutboundDenied,
  type OutboundOptions,
  type OutboundPolicy,
} from '../../../server/platform/outbound/outbound.ts';

/** The outbound client without the development switches. */
export const outbound = (options: Partial<OutboundOptions> = {}) =>
  createOutboundClient({ allowLoopbackHttp: false, trustFakeIp: false, ...options });

/** A kind of URL that users supply, and how the server opens it. */
export type UrlKind = {
  name: string;
  policy: Exclude<OutboundPolicy, 'internal'>;
  follows: boolean;
  open(from: OutboundClient, url: string): Promise<unknown>;
};
const plain = (name: string, path: string): UrlKind => ({
  name,
  policy: 'https',
  follows: false,
  open: (from, url) => from.fetch(url.replace(/\/?$/, path), { method: 'POST', body: '{}' }),
});

export const urlKinds: UrlKind[] = [
  {
    name: 'the base URL of a model provider',
    policy: 'https',
    follows: false,
    open: (outbound, base_url) =>
      listUpstreamModels({ provider_kind: 'openai', base_url, api_key: 'sk-test', advanced_json: {} }, { outbound }),
  },
  {
    name: 'the URL of a tool server',
    policy: 'web',
    follows: true,
    open: (from, url) => createServerFetch(from, { url, bearerToken: 'token' } as never, () => {})(url, { method: 'POST', body: '{}' }),
  },
  {
    name: 'a page to fetch',
    policy: 'web',
    follows: true,
    open: (outbound, url) =>
      fetchPage({ outbound, reader: createPageReader({ articleMs: 500 }) }, withoutFragment(url), AbortSignal.timeout(60_000)),
  },
  plain('the URL of a webhook', ''),
  plain('the base URL of speech recognition', '/audio/transcriptions'),
  plain('the base URL of an account’s tool provider', '/search'),
];
/** `urlKinds` as rows for `test.each`. */
export const byKind = urlKinds.map((kind) => [kind.name, kind] as const);

/** `opened`, the reason of an `OutboundDenied`, or `failed` for any other error. */
export async function openResult(open: () => unknown): Promise<string> {
  try {
    await open();
    return 'opened';
  } catch (error) {
    return error instanceof OutboundDenied ? error.reason : 'failed';
  }
}
/** The result of opening each URL, by URL. */
export const openResults = async (from: OutboundClient, kind: UrlKind, urls: readonly string[]) =>
  Object.fromEntries(await Promise.all(urls.map(async (url) => [url, await openResult(() => kind.open(from, url))])));
/** The same result for all URLs. */
export const all = (urls: readonly string[], reason: string) => Object.fromEntries(urls.map((url) => [url, reason]));
