import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LlmModelTest, UpstreamModels } from '../../../contract/llmProviders.ts';
import { addModel, addProvider, providerApiKey } from '../../support/agent/providers.ts';
import { chat, messages, type ScriptedResponse, startVendor, type Vendor } from '../../support/agent/vendor.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';

let app: TestApp;
let owner: Person;
let vendor: Vendor;
let count = 0;

beforeAll(async () => {
  vendor = await startVendor();
  app = await startTestApp({}, { worker: false });
  owner = await app.signUp();
});
beforeEach(() => {
  vendor.requests.length = 0;
});
afterAll(() => vendor.close());

const json = (body: unknown, status = 200): ScriptedResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  steps: [JSON.stringify(body)],
});
const catalogue = (...ids: string[]) => json({ data: ids.map((id) => ({ id })) });
const upstream = (fields: object = {}) =>
  addProvider(app, owner, { name: `Upstream ${count++}`, base_url: `${vendor.origin}/v1`, ...fields });
const listAvailable = (provider: { id: string }) =>
  app.call('GET', `/v1/llm-providers/${provider.id}/available-models`, { token: owner.token });
const testModel = (provider: { id: string }, model: { id: string }) =>
  app.call('POST', `/v1/llm-providers/${provider.id}/models/${model.id}/test`, { token: owner.token });

test('upstream models are listed by name with a configured flag, and the list is cached', async () => {
  const provider = await upstream();
  vendor.respondWith(
    json({
      data: [{ id: 'zeta' }, { id: 'text-embed-1', name: 'Beta' }, { id: 'gpt-a', context_length: 10, output_modalities: ['text'] }],
    }),
  );
  const { status, body } = await listAvailable(provider);
  expect(status).toBe(200);
  expect(UpstreamModels.parse(body)).toEqual(body);
  expect(body.models).toEqual([
    { id: 'text-embed-1', name: 'Beta', type: 'embedding', configured: false },
    { id: 'gpt-a', name: 'gpt-a', type: 'chat', configured: false, context_length: 10, output_modalities: ['text'] },
    { id: 'zeta', name: 'zeta', type: 'chat', configured: false },
  ]);
  expect(vendor.requests).toMatchObject([{ method: 'GET', path: '/v1/models', headers: { authorization: `Bearer ${providerApiKey}` } }]);
  await addModel(app, owner, provider, { model: 'ZETA' });
  const again = await listAvailable(provider);
  expect(again.body.models.map((model: { configured: boolean }) => model.configured)).toEqual([false, false, true]);
  expect(vendor.requests).toHaveLength(1);
});

test('updating the provider clears the cached list, and the new key is used', async () => {
  const provider = await upstream({ provider: 'anthropic' });
  vendor.respondWith(json({ data: [{ id: 'claude-1', display_name: 'Claude' }] }), catalogue('claude-2'));
  expect((await listAvailable(provider)).body.models[0].name).toBe('Claude');
  await app.call('PATCH', `/v1/llm-providers/${provider.id}`, { token: owner.token, body: { api_key: 'another-key' } });
  expect((await listAvailable(provider)).body.models[0].id).toBe('claude-2');
  expect(vendor.requests.map(({ headers }) => headers['x-api-key'])).toEqual([providerApiKey, 'another-key']);
  expect(vendor.requests[0]?.headers['anthropic-version']).toBe('2023-06-01');
});

test.each([
  ['401', json({ error: providerApiKey }, 401), 'upstream_auth_failed', 401],
  ['403', json({}, 403), 'upstream_auth_failed', 403],
  ['404', json({}, 404), 'upstream_request_failed', 404],
  ['500', json({}, 500), 'upstream_request_failed', 500],
  ['HTML', { steps: ['<html>hello</html>'] }, 'upstream_invalid_response', 200],
  ['JSON without models', json({ models: [] }), 'upstream_invalid_response', 200],
  ['a broken connection', { steps: ['{', 'cut'] } satisfies ScriptedResponse, 'upstream_unreachable', null],
])('an upstream error (%s) returns 502 with a reason and is not cached', async (_, answer, reason, status_code) => {
  const provider = await upstream();
  vendor.respondWith(answer, catalogue('ok'));
  const { status, body, text } = await listAvailable(provider);
  expect([status, body.error, body.details]).toEqual([502, 'provider.upstream_error', { reason, status_code }]);
  expect(text).not.toContain(providerApiKey);
  expect((await listAvailable(provider)).status).toBe(200);
});

test('an unreachable upstream returns upstream_unreachable, and private addresses are rejected', async () => {
  const gone = await upstream({ base_url: 'http://127.0.0.1:1' });
  expect((await listAvailable(gone)).body.details.reason).toBe('upstream_unreachable');
  for (const base_url of ['http://example.com/v1', 'https://127.0.0.1/v1', 'https://169.254.169.254', 'https://localhost']) {
    const { status, body } = await listAvailable(await upstream({ base_url }));
    expect([status, body.details], base_url).toEqual([400, { reason: 'base_url_denied', issues: [] }]);
  }
});

test('an API key that cannot be decrypted counts as missing', async () => {
  const provider = await upstream();
  const model = await addModel(app, owner, provider);
  await app.sql(
    `update llm_providers set api_key_sealed = (select api_key_sealed from llm_providers where id <> $1 limit 1) where id = $1`,
    [provider.id],
  );
  const { status, body } = await listAvailable(provider);
  expect([status, body.details.reason]).toEqual([409, 'api_key_missing']);
  expect((await testModel(provider, model)).body).toMatchObject({ success: false, latency_ms: 0 });
  expect(vendor.requests).toEqual([]);
});

test('a model test sends "ping" with at most 32 tokens and the advanced_json of provider and model', async () => {
  const provider = await upstream({ openai_api_mode: 'chat_completions', advanced_json: { seed: 1, top_k: 1 } });
  const model = await addModel(app, owner, provider, { advanced_json: { seed: 2 } });
  vendor.respondWith(chat.answer('pong'));
  const { status, body } = await testModel(provider, model);
  expect([status, LlmModelTest.parse(body)]).toEqual([200, { success: true, model_id: model.id, latency_ms: body.latency_ms }]);
  expect(vendor.requests[0]?.body).toMatchObject({ model: 'gpt-test', messages: [{ content: 'ping' }], seed: 2, top_k: 1 });
  expect(Object.values(vendor.requests[0]?.body ?? {})).toContain(32);
  const [entry] = await app.sql(`select action, target_type, account_id from audit_logs where target_id = $1 and action like '%.test'`, [
    model.id,
  ]);
  expect(entry).toEqual({ action: 'llm_provider_model.test', target_type: 'llm_provider_model', account_id: owner.accountId });
});

test('model tests use the endpoint of the vendor and model type', async () => {
  const claude = await upstream({ provider: 'anthropic', base_url: vendor.origin });
  vendor.respondWith(messages.answer('pong'));
  expect((await testModel(claude, await addModel(app, owner, claude))).body.success).toBe(true);
  const provider = await upstream();
  vendor.respondAt('/v1/embeddings', json({ data: [] }));
  expect((await testModel(provider, await addModel(app, owner, provider, { model: 'e', tags: ['Embedding'] }))).body.success).toBe(true);
  vendor.respondAt('/v1/images/generations', json({ data: [] }));
  const image = await addModel(app, owner, provider, { model: 'i', advanced_json: { available_catalog: { type: 'image' } } });
  expect((await testModel(provider, image)).body.success).toBe(true);
  expect(vendor.requests.map(({ path }) => path)).toEqual(['/v1/messages', '/v1/embeddings', '/v1/images/generations']);
});

test('a failed model test returns 200 with an error without the API key', async () => {
  const provider = await upstream({ openai_api_mode: 'chat_completions' });
  const model = await addModel(app, owner, provider);
  vendor.respondWith(chat.failure(401, { message: `Incorrect API key ${providerApiKey}`, code: 'invalid_api_key' }));
  const { status, body } = await testModel(provider, model);
  expect([status, body.success]).toEqual([200, false]);
  expect(body.error).toContain('Incorrect API key');
  expect(JSON.stringify(body)).not.toContain(providerApiKey);
  const denied = await upstream({ base_url: 'https://10.0.0.1' });
  expect((await testModel(denied, await addModel(app, owner, denied))).body).toMatchObject({ success: false });
});
