import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { eventuallyWithin1s, html, json, putProvider, startSite, status, useWebTools } from './webSupport.ts';

const app = await startTestApp({}, { worker: false });
const [owner, stranger, platform] = await Promise.all([app.signUp(), app.signUp(), app.signUp()]);
await app.promote(platform);
const site = await startSite();
const vendors = { tavily: site.origin, jina: `${site.origin}/jina`, firecrawl: `${site.origin}/crawl` };
const { call, failure } = useWebTools(app, { vendors });

const accountKey = 'tvly-account-5f0a1b2c3d4e';
const platformKey = 'tvly-platform-6a7b8c9d0e1f';
const jinaKey = 'jina-4b1e9d7c2a0f';

const put = (person: Person, provider: string, verb: string, scope: 'account' | 'platform', body?: unknown) =>
  putProvider(app, person, provider, verb, scope, body);
async function set(key: string, value: string | undefined) {
  const path = `/v1/admin/platform-settings/${key}`;
  const answer = await app.call(value === undefined ? 'DELETE' : 'PUT', path, {
    token: platform.token,
    ...(value !== undefined && { body: { value } }),
  });
  expect(answer.status).toBeLessThan(300);
}
const searchFailure = () => failure('web_search', { query: 'tea' }, { account: owner.accountId });

beforeEach(() => {
  site.visits.length = 0;
  site.pages['/search'] = json({ results: [] });
});

test('account settings override platform and configuration, and changes apply within a second', async () => {
  const provider = async () => {
    site.visits.length = 0;
    await call('web_search', { query: 'tea' }, { account: owner.accountId });
    return site.visits[0]!.headers.authorization ?? site.visits[0]!.path;
  };
  site.pages['/searxng/search'] = json({ results: [] });
  expect(await searchFailure()).toMatchObject({
    errorClass: 'tool.not_configured',
    details: { group_name: 'web_search', missing: ['provider'] },
  });
  await set('web_search.provider', 'searxng');
  await set('web_search.searxng_base_url', `${site.origin}/searxng/`);
  await eventuallyWithin1s(async () => expect(await provider()).toBe('/searxng/search?q=tea&format=json'));
  await put(platform, 'web_search.tavily', 'credential', 'platform', { api_key: platformKey });
  await put(platform, 'web_search.tavily', 'activate', 'platform');
  await eventuallyWithin1s(async () => expect(await provider()).toBe(`Bearer ${platformKey}`));
  await put(owner, 'web_search.tavily', 'credential', 'account', { api_key: accountKey });
  await put(owner, 'web_search.tavily', 'activate', 'account');
  await eventuallyWithin1s(async () => expect(await provider()).toBe(`Bearer ${accountKey}`));
  site.visits.length = 0;
  await call('web_search', { query: 'tea' }, { account: stranger.accountId });
  expect(site.visits[0]!.headers.authorization).toBe(`Bearer ${platformKey}`);

  const cleared = await app.call('DELETE', '/v1/tool-providers/web_search/web_search.tavily/credential?scope=account', {
    token: owner.token,
  });
  expect(cleared.status).toBe(204);
  await eventuallyWithin1s(async () => expect(await provider()).toBe(`Bearer ${platformKey}`));
  await put(platform, 'web_search.tavily', 'deactivate', 'platform');
  // The provider active for the account has no key, and only the platform could supply one.
  const lacking = { group_name: 'web_search', provider_name: 'web_search.tavily', missing: ['api_key'] };
  await eventuallyWithin1s(async () => expect((await searchFailure()).details).toEqual(lacking));
  await put(owner, 'web_search.tavily', 'deactivate', 'account');
  await eventuallyWithin1s(async () => expect(await provider()).toBe('/searxng/search?q=tea&format=json'));
  await set('web_search.searxng_base_url', undefined);
  const unaddressed = { group_name: 'web_search', provider_name: 'web_search.searxng', missing: ['base_url'] };
  await eventuallyWithin1s(async () => expect((await searchFailure()).details).toEqual(unaddressed));
  await set('web_search.provider', undefined);
  await eventuallyWithin1s(async () =>
    expect((await searchFailure()).details).toEqual({ group_name: 'web_search', missing: ['provider'] }),
  );
});

test('a platform provider without a base URL and an account key that cannot be decrypted count as not configured', async () => {
  const account = stranger.accountId;
  await put(platform, 'web_search.searxng', 'activate', 'platform');
  await eventuallyWithin1s(async () =>
    expect((await failure('web_search', { query: 'x' }, { account })).details).toEqual({
      group_name: 'web_search',
      provider_name: 'web_search.searxng',
      missing: ['base_url'],
    }),
  );
  await put(platform, 'web_search.searxng', 'deactivate', 'platform');
  await put(stranger, 'web_search.tavily', 'credential', 'account', { api_key: accountKey });
  await put(stranger, 'web_search.tavily', 'activate', 'account');
  // A sealed key copied from another row cannot be decrypted.
  await app.sql(
    `update tool_providers set key_prefix = 'x', api_key_sealed = (select api_key_sealed from tool_providers where account_id is null and provider_name = 'web_search.tavily')
     where account_id = $1`,
    [account],
  );
  const uncached = useWebTools(app, { vendors, cacheSeconds: 0 });
  const { details } = await uncached.failure('web_search', { query: 'x' }, { account });
  expect(details).toMatchObject({ provider_name: 'web_search.tavily', missing: ['api_key'] });
  expect(site.visits).toEqual([]);
});

test('platform settings select a provider and its key, and an account may override the key', async () => {
  const account = stranger.accountId;
  await put(stranger, 'web_search.tavily', 'deactivate', 'account');
  await set('web_search.provider', 'web_search.tavily');
  await set('web_search.tavily_api_key', platformKey);
  const credentialOf = async (of: string) => {
    site.visits.length = 0;
    await call('web_search', { query: 'tea' }, { account: of });
    return site.visits[0]!.headers.authorization;
  };
  await eventuallyWithin1s(async () => expect(await credentialOf(account)).toBe(`Bearer ${platformKey}`));
  const body = { account_id: account, key: 'web_search.tavily_api_key', value: accountKey, value_type: 'string' };
  expect((await app.call('POST', '/v1/entitlement-overrides', { token: platform.token, body })).status).toBe(201);
  await eventuallyWithin1s(async () => expect(await credentialOf(account)).toBe(`Bearer ${accountKey}`));
  expect(await credentialOf(owner.accountId)).toBe(`Bearer ${platformKey}`);
  await set('web_search.provider', 'yahoo');
  await eventuallyWithin1s(async () =>
    expect((await searchFailure()).details).toEqual({ group_name: 'web_search', missing: ['provider'] }),
  );
});

test('no override gets the key of the platform or the internal network for a URL of its own', async () => {
  const { accountId: account } = await app.signUp();
  const override = async (key: string, value: string) => {
    const body = { account_id: account, key, value, value_type: 'string' };
    expect((await app.call('POST', '/v1/entitlement-overrides', { token: platform.token, body })).status).toBe(201);
  };
  const web = useWebTools(app, { vendors, outboundOptions: { allowLoopbackHttp: false, resolve: async () => ['127.0.0.1'] } });
  await set('web_search.provider', 'searxng');
  await set('web_search.searxng_base_url', `http://searxng.internal:${site.port}`);
  await eventuallyWithin1s(async () => expect(await web.call('web_search', { query: 'x' }, { account })).toMatchObject({ results: [] }));
  site.pages['/other/search'] = json({ results: [] });
  await override('web_search.searxng_base_url', `http://searxng.internal:${site.port}/other`);
  await eventuallyWithin1s(async () =>
    expect((await web.failure('web_search', { query: 'x' }, { account })).errorClass).toBe('tool.search_failed'),
  );

  const page = { url: 'https://example.com/' };
  await set('web_fetch.provider', 'firecrawl');
  await set('web_fetch.firecrawl_api_key', platformKey);
  await override('web_fetch.firecrawl_base_url', `${site.origin}/crawl`);
  site.visits.length = 0;
  const { call: fetch, failure: fetchFailure } = useWebTools(app, { vendors, outboundOptions: { resolve: async () => ['93.184.216.34'] } });
  const lacking = { group_name: 'web_fetch', provider_name: 'web_fetch.firecrawl', missing: ['api_key'] };
  await eventuallyWithin1s(async () => expect((await fetchFailure('web_fetch', page, { account })).details).toEqual(lacking));
  expect(site.visits).toEqual([]);
  await override('web_fetch.firecrawl_api_key', accountKey);
  site.pages['/crawl/v1/scrape'] = json({ success: true, data: { markdown: 'Hi', metadata: {} } });
  await eventuallyWithin1s(async () => expect(await fetch('web_fetch', page, { account })).toMatchObject({ content: 'Hi' }));
  expect(site.visits.at(-1)!.headers.authorization).toBe(`Bearer ${accountKey}`);
  for (const key of ['web_search.provider', 'web_search.searxng_base_url', 'web_fetch.provider', 'web_fetch.firecrawl_api_key'])
    await set(key, undefined);
});

test('pages are fetched directly by default', async () => {
  site.pages['/page'] = html('<p>Hello');
  const page = await call('web_fetch', { url: `${site.origin}/page` }, { account: randomUUID() });
  expect(page).toEqual({ url: `${site.origin}/page`, title: '', content: 'Hello', truncated: false });
});

test('the backend address of an account is checked on every use; that of the platform may be internal', async () => {
  const account = stranger.accountId;
  await put(stranger, 'web_search.searxng', 'credential', 'account', { base_url: 'https://search.example.com' });
  await put(stranger, 'web_search.searxng', 'activate', 'account');
  const misled = useWebTools(app, { outboundOptions: { resolve: async () => ['93.184.216.34', '10.0.0.1'] } });
  expect((await misled.failure('web_search', { query: 'x' }, { account })).errorClass).toBe('tool.search_failed');
  await put(platform, 'web_search.searxng', 'credential', 'platform', { base_url: `http://searxng.internal:${site.port}` });
  await put(platform, 'web_search.searxng', 'activate', 'platform');
  site.pages['/search'] = json({ results: [{ title: 'Inside', url: 'https://example.com/', content: '' }] });
  const inside = useWebTools(app, { outboundOptions: { allowLoopbackHttp: false, resolve: async () => ['127.0.0.1'] } });
  const { results } = await inside.call('web_search', { query: 'x' }, { account: randomUUID() });
  expect([results.length, site.visits.at(-1)!.headers.host]).toEqual([1, `searxng.internal:${site.port}`]);
});

test('Jina and Firecrawl fetch pages, but only of allowed addresses', async () => {
  const account = owner.accountId;
  const page = { url: 'https://example.com/', max_length: 7 };
  const lookup = async () => ['93.184.216.34'];
  const web = useWebTools(app, { vendors, outboundOptions: { resolve: lookup } });
  await put(owner, 'web_fetch.jina', 'credential', 'account', { api_key: jinaKey });
  await put(owner, 'web_fetch.jina', 'activate', 'account');
  site.pages['/jina/'] = json({ code: 200, data: { title: 'T', url: 'https://example.com/end', content: 'Content of it' } });
  const viaJina = { url: 'https://example.com/end', title: 'T', content: 'Content', truncated: true };
  await eventuallyWithin1s(async () => expect(await web.call('web_fetch', page, { account })).toEqual(viaJina));
  expect(site.visits.at(-1)).toMatchObject({ method: 'POST', body: { url: page.url }, headers: { authorization: `Bearer ${jinaKey}` } });
  site.pages['/jina/'] = status(422);
  expect(await web.failure('web_fetch', page, { account })).toMatchObject({
    errorClass: 'tool.fetch_failed',
    details: { status_code: 422 },
  });

  await put(owner, 'web_fetch.firecrawl', 'credential', 'account', { api_key: jinaKey, base_url: `${site.origin}/crawl/` });
  await put(owner, 'web_fetch.firecrawl', 'activate', 'account');
  const scraped = (statusCode: number) =>
    json({ success: true, data: { markdown: '# Hi', metadata: { title: 'T', sourceURL: page.url, statusCode } } });
  site.pages['/crawl/v1/scrape'] = scraped(200);
  const viaFirecrawl = { url: page.url, title: 'T', content: '# Hi', truncated: false };
  await eventuallyWithin1s(async () => expect(await web.call('web_fetch', page, { account })).toEqual(viaFirecrawl));
  site.pages['/crawl/v1/scrape'] = scraped(404);
  expect((await web.failure('web_fetch', page, { account })).details).toEqual({ status_code: 404 });

  site.visits.length = 0;
  for (const url of ['http://10.0.0.1/', 'https://localhost/', 'https://u@example.com/'])
    expect((await web.failure('web_fetch', { url }, { account })).errorClass).toBe('tool.url_denied');
  const misled = useWebTools(app, { vendors, outboundOptions: { resolve: async () => ['10.0.0.1'] } });
  expect((await misled.failure('web_fetch', page, { account })).details).toEqual({ reason: 'private_ip_denied' });
  expect(site.visits).toEqual([]);
});
