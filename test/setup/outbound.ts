import { fetchOf } from '../../server/agent/mcp/http.ts';
import { listUpstreamModels } from '../../server/agent/providers/catalog.ts';
import { fetchPage, withoutFragment } from '../../server/agent/tools/web/page.ts';
import { createPageReader } from '../../server/agent/tools/web/pageReader.ts';
import { createOutbound, type Outbound, OutboundDenied, type OutboundOptions, type OutboundPolicy } from '../../server/kernel/outbound.ts';

/** The guarded way out without the development switches. */
export const outbound = (options: Partial<OutboundOptions> = {}) =>
  createOutbound({ allowLoopbackHttp: false, trustFakeIp: false, ...options });

/** A kind of URL that users give, and the way it is opened. */
export type Kind = {
  name: string;
  /** What is admitted beside public hosts over TLS. */
  policy: Exclude<OutboundPolicy, 'internal'>;
  follows: boolean;
  open(from: Outbound, url: string): Promise<unknown>;
};
const plain = (name: string, path: string): Kind => ({
  name,
  policy: 'https',
  follows: false,
  open: (from, url) => from.fetch(url.replace(/\/?$/, path), { method: 'POST', body: '{}' }),
});

/** All of them. */
export const kinds: Kind[] = [
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
    open: (from, url) => fetchOf(from, { url, bearerToken: 'token' } as never, () => {})(url, { method: 'POST', body: '{}' }),
  },
  {
    name: 'a page to fetch',
    policy: 'web',
    follows: true,
    open: (outbound, url) =>
      fetchPage({ outbound, reader: createPageReader({ articleMs: 500 }) }, withoutFragment(url), AbortSignal.timeout(5_000)),
  },
  plain('the URL of a webhook', ''),
  plain('the base URL of speech recognition', '/audio/transcriptions'),
  plain('the base URL of an account’s tool provider', '/search'),
];
/** The same for `test.each`. */
export const byKind = kinds.map((kind) => [kind.name, kind] as const);

/** Why a URL was not opened; `failed` when for another reason than where it leads. */
export async function reasonOf(open: () => unknown): Promise<string> {
  try {
    await open();
    return 'opened';
  } catch (error) {
    return error instanceof OutboundDenied ? error.reason : 'failed';
  }
}
/** Why each of several URLs was not opened, by URL. */
export const reasons = async (from: Outbound, kind: Kind, urls: readonly string[]) =>
  Object.fromEntries(await Promise.all(urls.map(async (url) => [url, await reasonOf(() => kind.open(from, url))])));
/** One reason for all of them. */
export const all = (urls: readonly string[], reason: string) => Object.fromEntries(urls.map((url) => [url, reason]));
