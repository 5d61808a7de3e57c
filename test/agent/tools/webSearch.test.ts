import { beforeAll, beforeEach, expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { html, json, putProvider, startSite, status, useWebTools } from './webSupport.ts';

const app = await sharedTestApp();
const [owner, stranger] = await Promise.all([app.signUp(), app.signUp()]);
const site = await startSite();
const vendors = { tavily: site.origin, duckduckgo: site.origin };
const { call, failure } = useWebTools(app, { vendors });

const accountKey = 'tvly-account-5f0a1b2c3d4e';

const put = (person: Person, provider: string, verb: string, body?: unknown) => putProvider(app, person, provider, verb, 'account', body);
const search = (args: Record<string, unknown>, more = {}) => call('web_search', args, { account: owner.accountId, ...more });
const searchFailure = (args: Record<string, unknown> = { query: 'tea' }) => failure('web_search', args, { account: owner.accountId });

const result = (query: string, index = 1) => ({
  title: `About ${query} ${index}`,
  url: `https://example.com/${query}/${index}`,
  content: `Some ${query}.`,
});
const asked = () => site.visits.map(({ body }) => body?.query);

beforeEach(() => {
  site.visits.length = 0;
  site.pages['/search'] = (res, { body }) => json({ results: [result(body.query), result(body.query, 2)] })(res, {} as never);
});

beforeAll(async () => {
  await put(owner, 'web_search.tavily', 'credential', { api_key: accountKey });
  await put(owner, 'web_search.tavily', 'activate');
});

test('Tavily is called with the key of the account', async () => {
  await search({ query: 'tea' });
  expect(site.visits).toMatchObject([
    { method: 'POST', headers: { authorization: `Bearer ${accountKey}` }, body: { query: 'tea', max_results: 5, search_depth: 'basic' } },
  ]);
});

test('queries are trimmed, deduplicated and merged into one result', async () => {
  const answer = await search({ queries: [' tea ', 'coffee', 'tea'], max_results: 1 });
  expect(asked().sort()).toEqual(['coffee', 'tea']);
  expect(answer).toEqual({
    results: [
      { id: 'web:1', query_index: 0, title: 'About tea 1', url: 'https://example.com/tea/1', snippet: 'Some tea.' },
      { id: 'web:2', query_index: 1, title: 'About coffee 1', url: 'https://example.com/coffee/1', snippet: 'Some coffee.' },
    ],
    by_query: [
      { query_index: 0, query: 'tea', result_ids: ['web:1'] },
      { query_index: 1, query: 'coffee', result_ids: ['web:2'] },
    ],
    meta: { query_count: 2, succeeded_queries: 2, failed_queries: 0 },
  });
});

test('results are deduplicated by URL without fragment, and texts are reduced to one truncated line', async () => {
  const long = '多'.repeat(300);
  site.pages['/search'] = json({
    results: [
      { title: ` a\n\t ${long}`, url: 'https://EXAMPLE.com/a#one', content: `${'🍵'.repeat(300)}` },
      { title: 'again', url: 'https://example.com/a#two', content: '' },
      { title: 'no page', url: 'javascript:alert(1)' },
      { title: 'no URL', url: 'nowhere' },
      { title: null, url: 'https://example.com/b', content: 'x\0y\ud800' },
      'nothing at all',
    ],
  });
  const { results, by_query } = await search({ queries: ['x', 'y'] });
  expect(results).toEqual([
    { id: 'web:1', query_index: 0, title: `a ${'多'.repeat(118)}`, url: 'https://example.com/a#one', snippet: '🍵'.repeat(240) },
    { id: 'web:2', query_index: 0, title: '', url: 'https://example.com/b', snippet: 'xy\ufffd' },
  ]);
  expect(by_query.map(({ result_ids }: { result_ids: string[] }) => result_ids)).toEqual([
    ['web:1', 'web:2'],
    ['web:1', 'web:2'],
  ]);
});

test('result ids are unique within the run, also across concurrent searches', async () => {
  const memory = new Map();
  const answers = await concurrently(5, (index) => search({ query: `q${index}` }, { memory }));
  const ids = answers.flatMap(({ results }) => results.map(({ id }: { id: string }) => Number(id.slice(4))));
  expect(ids.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect((await search({ query: 'more' }, { memory })).results[0].id).toBe('web:11');
  expect((await search({ query: 'more' })).results[0].id).toBe('web:1');
});

test('failed queries are reported beside the results, and the call fails only if all fail', async () => {
  site.pages['/search'] = (res, { body }) =>
    (body.query === 'bad' ? status(500) : body.query === 'odd' ? html('<html>') : json({ results: [result(body.query)] }))(
      res,
      {} as never,
    );
  const some = await search({ queries: ['bad', 'good', 'odd'] });
  expect(some.meta).toEqual({ query_count: 3, succeeded_queries: 1, failed_queries: 2 });
  expect(some.errors).toEqual([
    { query_index: 0, error_class: 'tool.search_failed', status_code: 500 },
    { query_index: 2, error_class: 'tool.search_failed' },
  ]);
  expect(some.by_query.map(({ result_ids }: { result_ids: string[] }) => result_ids)).toEqual([[], ['web:1'], []]);
  const { errorClass, details } = await searchFailure({ queries: ['bad', 'odd'] });
  expect([errorClass, details?.errors]).toEqual(['tool.search_failed', [expect.anything(), expect.anything()]]);
});

test('a search ends on its timeout or when its run is canceled', async () => {
  const hasty = useWebTools(app, { vendors, limits: { searchMs: 1_000, fetchMs: 300, articleMs: 300 } });
  site.pages['/search'] = (res, { body }) =>
    body.query === 'slow' ? undefined : json({ results: [result(body.query)] })(res, {} as never);
  const account = owner.accountId;
  expect((await hasty.call('web_search', { queries: ['slow', 'quick'] }, { account })).errors).toEqual([
    { query_index: 0, error_class: 'tool.timeout' },
  ]);
  expect(await hasty.failure('web_search', { query: 'slow' }, { account })).toMatchObject({ errorClass: 'tool.timeout' });
  const stop = new AbortController();
  const why = new Error('the run was cancelled');
  setTimeout(() => stop.abort(why), 50);
  await expect(search({ queries: ['slow', 'quick'] }, { signal: stop.signal })).rejects.toBe(why);
});

test('error bodies of the provider, which may contain the key, are not sent to the model', async () => {
  site.pages['/search'] = (res) => res.writeHead(401).end(`bad key ${accountKey}`);
  const told = await searchFailure();
  expect(JSON.stringify(told)).not.toContain(accountKey);
  expect(told.details?.errors).toEqual([{ query_index: 0, error_class: 'tool.search_failed', status_code: 401 }]);
});

test.each([
  {},
  { query: ' ' },
  { query: 'a', queries: ['b'] },
  { queries: [] },
  { queries: ['a', 'b', 'c', 'd', 'e', 'f'] },
  { queries: ['a', ''] },
  { query: 'a', max_results: 0 },
  { query: 'a', max_results: 21 },
  { query: 'a', max_results: 2.5 },
  { query: 'a', lang: 'en' },
])('the arguments %j are rejected', async (args) => {
  expect((await searchFailure(args)).errorClass).toBe('tool.args_invalid');
  expect(site.visits).toEqual([]);
});

const resultsPage = `<html><body><div class="results">
  <div class="result result--ad"><h2><a class="result__a" href="https://duckduckgo.com/y.js?ad_domain=x">Buy</a></h2></div>
  <div class="result results_links web-result"><h2 class="result__title">
    <a rel="nofollow" class="result__a" href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fexample.org%2Ftea%3Fa%3D1%26b%3D2&amp;rut=9">Tea &amp; <b>milk</b></a></h2>
    <a class="result__snippet" href="//duckduckgo.com/l/">All   about <b>tea</b> &lt;hot&gt;.</a></div>
  <div class="result"><a class="result__a" href="https://example.net/direct">Direct</a></div>
  <div class="result result--no-result">Nothing more.</div></div></body></html>`;

test('parses the result page of DuckDuckGo, and fails on its bot challenge (202)', async () => {
  await put(stranger, 'web_search.duckduckgo', 'activate');
  site.pages['/html/'] = html(resultsPage);
  const account = stranger.accountId;
  const search = () => call('web_search', { query: 'tea & milk', max_results: 2 }, { account }).catch(() => undefined);
  // The first search starts the process that parses pages.
  await expect.poll(search).toMatchObject({
    results: [
      { id: 'web:1', query_index: 0, title: 'Tea & milk', url: 'https://example.org/tea?a=1&b=2', snippet: 'All about tea <hot>.' },
      { id: 'web:2', query_index: 0, title: 'Direct', url: 'https://example.net/direct', snippet: '' },
    ],
  });
  expect(site.visits.at(-1)!.path).toBe('/html/?q=tea+%26+milk');
  site.pages['/html/'] = status(202);
  const { details } = await failure('web_search', { query: 'tea' }, { account });
  expect(details?.errors).toEqual([{ query_index: 0, error_class: 'tool.search_failed', status_code: 202 }]);
});
