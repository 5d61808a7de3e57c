import { expect, test } from 'vitest';
import { sharedTestApp } from '../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../support/http/responses.ts';

const app = await sharedTestApp();
const { call, signUp, promote } = app;
const [owner, chief] = [await signUp(), await signUp()];
await promote(chief);

const [first, second] = ['https://one.example.com/v1', 'https://two.example.com/v1'];
const apiKey = 'sk-canary-of-the-first-server';
let count = 0;

/** A stored secret with the URL that it is sent to. `create` returns the path at which both are changed. */
type Destination = { name: string; url: string; secret: string; method: 'PATCH' | 'PUT'; create(): Promise<string> };

const post = async (path: string, body: object) => (await call('POST', path, { token: owner.token, body })).body.id as string;
const firecrawl = '/v1/tool-providers/web_fetch/web_fetch.firecrawl/credential?scope=account';

const destinations: Destination[] = [
  {
    name: 'a model provider',
    url: 'base_url',
    secret: 'api_key',
    method: 'PATCH',
    create: async () =>
      `/v1/llm-providers/${await post('/v1/llm-providers', { name: `moved ${++count}`, provider: 'openai', api_key: apiKey, base_url: first })}`,
  },
  {
    name: 'a speech credential',
    url: 'base_url',
    secret: 'api_key',
    method: 'PUT',
    create: async () =>
      `/v1/asr-credentials/${await post('/v1/asr-credentials', { name: `moved ${++count}`, provider: 'groq', model: 'w', api_key: apiKey, base_url: first })}`,
  },
  {
    name: 'a tool server',
    url: 'url',
    secret: 'bearer_token',
    method: 'PATCH',
    create: async () =>
      `/v1/mcp-configs/${await post('/v1/mcp-configs', { name: `moved ${++count}`, transport: 'streamable_http', url: first, bearer_token: apiKey })}`,
  },
  {
    name: 'a tool provider',
    url: 'base_url',
    secret: 'api_key',
    method: 'PUT',
    create: async () => {
      await call('PUT', firecrawl, { token: owner.token, body: { api_key: apiKey, base_url: first } });
      return firecrawl;
    },
  },
];

test.for(destinations)('the secret of $name is not sent to another URL than the one it was entered for', async (kind) => {
  const { url, secret, method, create } = kind;
  const path = await create();
  const change = (body: object) => call(method, path, { token: owner.token, body });
  for (const other of [second, `${first}/other`, 'https://one.example.com:8443/v1']) {
    const answer = await change({ [url]: other });
    expect([other, statusAndReason(answer), issuesOf(answer)[1]]).toEqual([other, [400, 'secret_required'], [['body', `/${secret}`]]]);
  }
  for (const body of [{ [url]: 'https://ONE.example.com:443/v1/' }, { [url]: first }, { [url]: second, [secret]: `${apiKey}-new` }])
    expect([body, (await change(body)).status < 300]).toEqual([body, true]);
  expect(statusAndReason(await change({ [url]: first }))).toEqual([400, 'secret_required']);
});

test('the key of a model provider is not sent to another vendor, unless the URL stays', async () => {
  const create = (values: object) =>
    post('/v1/llm-providers', { name: `vendor ${++count}`, provider: 'openai', api_key: apiKey, ...values });
  const change = (id: string, body: object) => call('PATCH', `/v1/llm-providers/${id}`, { token: owner.token, body });
  const [usual, own] = [await create({}), await create({ base_url: first })];
  const moved = await change(usual, { provider: 'anthropic' });
  expect([statusAndReason(moved), issuesOf(moved)[1]]).toEqual([[400, 'secret_required'], [['body', '/api_key']]]);
  expect((await change(usual, { provider: 'openai' })).status).toBe(200);
  expect((await change(usual, { provider: 'gemini', api_key: `${apiKey}-new` })).status).toBe(200);
  expect((await change(own, { provider: 'anthropic' })).status).toBe(200);
  expect(statusAndReason(await change(own, { provider: 'openai', base_url: null }))).toEqual([400, 'secret_required']);
});

test('a tool server without a token moves, also when the move removes it', async () => {
  const path = await destinations[2]!.create();
  const change = (body: object) => call('PATCH', path, { token: owner.token, body });
  expect((await change({ url: second, bearer_token: '' })).body).toMatchObject({ url: second, has_auth: false });
  expect((await change({ url: first })).body).toMatchObject({ url: first, has_auth: false });
});

test('a URL that is changed while the secret is entered does not receive it', async () => {
  for (let round = 0; round < 5; round++) {
    await call('DELETE', firecrawl, { token: owner.token });
    await Promise.all(
      [{ base_url: second }, { api_key: apiKey, base_url: first }].map((body) => call('PUT', firecrawl, { token: owner.token, body })),
    );
    const { groups } = (await call('GET', '/v1/tool-providers?scope=account', { token: owner.token })).body;
    const [stored] = groups.flatMap((group: any) => group.providers).filter((each: any) => each.provider_name === 'web_fetch.firecrawl');
    expect(stored).toMatchObject({ base_url: first, configured: true });
  }
});

test('the password of the mail server and the keys of settings stay with their servers', async () => {
  const send = (method: string, path: string, body?: object) => call(method, `/v1/admin/${path}`, { token: chief.token, body });
  const mail = (values: object) => send('PUT', 'email/config', { from: 'a@b.test', ...values });
  const set = (key: string, value: string) => send('PUT', `platform-settings/${key}`, { value });
  expect((await mail({ smtp_host: 'one.test', smtp_pass: 'canary' })).status).toBe(204);
  const moved = await mail({ smtp_host: 'two.test' });
  expect([statusAndReason(moved), issuesOf(moved)[1]]).toEqual([[400, 'secret_required'], [['body', '/smtp_pass']]]);
  expect(statusAndReason(await set('email.smtp_host', 'two.test'))).toEqual([400, 'secret_required']);
  await send('DELETE', 'platform-settings/email.smtp_host');
  for (const answer of [await mail({ smtp_host: 'two.test' }), await set('email.smtp_host', 'two.test')])
    expect(statusAndReason(answer)).toEqual([400, 'secret_required']);
  expect((await mail({ smtp_host: 'two.test', smtp_pass: 'another' })).status).toBe(204);
  expect((await mail({ smtp_host: 'two.test', smtp_port: 25 })).status).toBe(204);
  expect((await mail({ smtp_host: 'one.test', smtp_pass: null })).status).toBe(204);

  expect((await set('web_fetch.firecrawl_base_url', first)).status).toBe(200);
  expect((await set('web_fetch.firecrawl_api_key', apiKey)).status).toBe(200);
  expect((await set('web_fetch.firecrawl_base_url', first)).status).toBe(200);
  expect(statusAndReason(await set('web_fetch.firecrawl_base_url', second))).toEqual([400, 'secret_required']);
  await send('DELETE', 'platform-settings/web_fetch.firecrawl_api_key');
  expect((await set('web_fetch.firecrawl_base_url', second)).status).toBe(200);
});
