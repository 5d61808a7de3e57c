import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await sharedTestApp({ ARKLOOP_OUTBOUND_EXTRA_PORTS: '81' });
const { call, signUp } = app;
const owner = await signUp();

type UrlField = { name: string; path: string; method?: string; field: string; body(url: string): object; success: number };

/** One entry for each URL that an account stores. */
const urlFields: UrlField[] = [
  {
    name: 'a webhook',
    path: '/v1/webhook-endpoints',
    field: '/url',
    body: (url) => ({ url, events: ['run.completed'] }),
    success: 201,
  },
  {
    name: 'a tool server',
    path: '/v1/mcp-configs',
    field: '/url',
    body: (url) => ({ name: `s-${Math.random()}`, transport: 'streamable_http', url }),
    success: 201,
  },
  {
    name: 'a model provider',
    path: '/v1/llm-providers',
    field: '/base_url',
    body: (base_url) => ({ name: `p-${Math.random()}`, provider: 'openai', api_key: 'sk-test-canary', base_url }),
    success: 201,
  },
  {
    name: 'a speech credential',
    path: '/v1/asr-credentials',
    field: '/base_url',
    body: (base_url) => ({ name: `a-${Math.random()}`, provider: 'groq', api_key: 'gsk-test-canary', model: 'whisper', base_url }),
    success: 201,
  },
  {
    name: 'a tool provider',
    path: '/v1/tool-providers/web_search/web_search.searxng/credential?scope=account',
    method: 'PUT',
    field: '/base_url',
    body: (base_url) => ({ base_url }),
    success: 204,
  },
];

test.each(urlFields.map((kind) => [kind.name, kind] as const))('the URL of %s cannot use ports of other services', async (_, kind) => {
  const { path, method = 'POST', field, body, success } = kind;
  const store = (url: string) => call(method, path, { token: owner.token, body: body(url) });
  for (const port of [22, 25, 53, 389, 1_023, 6_667]) {
    const answer = await store(`https://service.example:${port}/x`);
    expect([statusAndReason(answer), issuesOf(answer)[1]]).toEqual([[400, 'port_denied'], [['body', field]]]);
  }
  for (const port of [443, 80, 81, 1_024, 8_080, 8_443]) expect((await store(`https://service.example:${port}/x`)).status).toBe(success);
});

test('an update checks the port like a creation', async () => {
  const [webhook, server, provider, speech] = await Promise.all(
    urlFields
      .slice(0, 4)
      .map(async ({ path, body }) => (await call('POST', path, { token: owner.token, body: body('https://service.example/x') })).body.id),
  );
  const url = 'https://service.example:25/x';
  for (const [method, path, body] of [
    ['PATCH', `/v1/webhook-endpoints/${webhook}`, { url }],
    ['PATCH', `/v1/mcp-configs/${server}`, { url }],
    ['PATCH', `/v1/llm-providers/${provider}`, { base_url: url }],
    ['PUT', `/v1/asr-credentials/${speech}`, { base_url: url }],
  ] as const)
    expect(statusAndReason(await call(method, path, { token: owner.token, body }))).toEqual([400, 'port_denied']);
});

test('a platform back end may use any port', async () => {
  const chief = await signUp();
  await app.promote(chief);
  const path = '/v1/tool-providers/web_search/web_search.searxng/credential?scope=platform';
  expect((await call('PUT', path, { token: chief.token, body: { base_url: 'http://searxng.internal:90' } })).status).toBe(204);
});
