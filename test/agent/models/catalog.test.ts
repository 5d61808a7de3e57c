import { expect, test } from 'vitest';
import { listUpstreamModels, type UpstreamCredential } from '../../../server/models/catalog.ts';
import { openModel } from '../../../server/models/openModel.ts';
import { testModel } from '../../../server/models/probe.ts';
import { createOutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { chat, gemini as frames, messages, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { apiKey, callModel, outbound, request, useScriptedProvider } from './support.ts';

const { vendor } = useScriptedProvider();
const openAi = (): UpstreamCredential => ({ provider_kind: 'openai', api_key: apiKey, base_url: `${vendor().origin}/v1` });
const anthropic = (): UpstreamCredential => ({ provider_kind: 'anthropic', api_key: apiKey, base_url: `${vendor().origin}/v1` });
const json = (value: unknown): ScriptedResponse => ({ headers: { 'content-type': 'application/json' }, steps: [JSON.stringify(value)] });
const list = (provider = openAi(), timeoutMs = 20_000) => listUpstreamModels(provider, { outbound, timeoutMs });

test('lists models sorted by type and name, with the metadata of the upstream', async () => {
  const rich = {
    id: 'z/rich',
    name: 'beta',
    context_length: 128_000,
    architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
    top_provider: { max_completion_tokens: 4096 },
    supported_parameters: ['tools'],
    default_parameters: { temperature: 0.7 },
  };
  vendor().respondWith(
    json({
      data: [rich, { id: 'Alpha' }, { id: 'text-embedding-3' }, { id: 'gpt-image-1' }, { id: 'whisper-1' }, { id: '' }, 7, { id: 'Alpha' }],
    }),
  );
  const models = await list();
  expect(models.map(({ id, type }) => [id, type])).toEqual([
    ['Alpha', 'chat'],
    ['z/rich', 'chat'],
    ['gpt-image-1', 'image'],
    ['text-embedding-3', 'embedding'],
    ['whisper-1', 'audio'],
  ]);
  expect(models[1]).toEqual({
    id: 'z/rich',
    name: 'beta',
    type: 'chat',
    context_length: 128_000,
    max_output_tokens: 4096,
    input_modalities: ['text', 'image'],
    output_modalities: ['text'],
    tool_calling: true,
    reasoning: false,
    default_temperature: 0.7,
  });
  expect(vendor().requests[0]).toMatchObject({ method: 'GET', path: '/v1/models', headers: { authorization: `Bearer ${apiKey}` } });
});

test('follows the pagination of Anthropic', async () => {
  vendor().respondWith(
    json({ data: [{ id: 'claude-b', display_name: 'B' }], has_more: true, last_id: 'claude-b' }),
    json({ data: [{ id: 'claude-a' }], has_more: false }),
  );
  expect((await list(anthropic())).map(({ name }) => name)).toEqual(['B', 'claude-a']);
  expect(vendor().requests.map(({ path }) => path)).toEqual(['/v1/models', '/v1/models?after_id=claude-b']);
  expect(vendor().requests[0]?.headers).toMatchObject({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' });
});

const gemini = (): UpstreamCredential => ({ provider_kind: 'gemini', api_key: apiKey, base_url: vendor().origin });

test('reads the list of Gemini, page by page, and a rejected key, which has status 400', async () => {
  const pro = {
    name: 'models/gemini-2.5-pro',
    displayName: 'Gemini 2.5 Pro',
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
    temperature: 1,
    thinking: true,
  };
  const wrongKey = frames.failure(400, 'INVALID_ARGUMENT', `API key not valid ${apiKey}`, [{ reason: 'API_KEY_INVALID' }]);
  vendor().respondWith(
    json({ models: [pro], nextPageToken: 'a/b' }),
    json({ models: [{ name: 'models/gemini-embedding-001', supportedGenerationMethods: ['embedContent'] }, { name: '' }] }),
    wrongKey,
    frames.failure(400, 'FAILED_PRECONDITION', 'User location is not supported'),
  );
  expect(await list(gemini())).toEqual([
    {
      ...{ id: 'gemini-2.5-pro', name: 'Gemini 2.5 Pro', type: 'chat', context_length: 1_048_576, max_output_tokens: 65_536 },
      ...{ reasoning: true, default_temperature: 1 },
    },
    { id: 'gemini-embedding-001', name: 'gemini-embedding-001', type: 'embedding' },
  ]);
  expect(vendor().requests.map(({ path }) => path)).toEqual([
    '/v1beta/models?pageSize=1000',
    '/v1beta/models?pageSize=1000&pageToken=a%2Fb',
  ]);
  expect(vendor().requests[0]?.headers).toMatchObject({ 'x-goog-api-key': apiKey });
  await expect(list(gemini())).rejects.toMatchObject({ reason: 'upstream_auth_failed', statusCode: 400 });
  await expect(list(gemini())).rejects.toMatchObject({ reason: 'upstream_request_failed', statusCode: 400 });
});

test.each([
  ['401', { status: 401 }, 'upstream_auth_failed', 401],
  ['403', { status: 403 }, 'upstream_auth_failed', 403],
  ['404', { status: 404 }, 'upstream_request_failed', 404],
  ['a redirect', { status: 302, headers: { location: '/' } }, 'upstream_request_failed', 302],
  ['500', { status: 500, steps: ['x'.repeat(100_000)] }, 'upstream_request_failed', 500],
  ['a web page', { steps: ['<html></html>'] }, 'upstream_invalid_response', 200],
  ['another object', json({ models: [] }), 'upstream_invalid_response', 200],
  ['a body over 8 MiB', { steps: Array.from({ length: 12 }, () => 'x'.repeat(2 ** 20)) }, 'upstream_invalid_response', 200],
  ['a broken body', { steps: ['{"data"', 'cut'] }, 'upstream_unreachable', undefined],
  ['silence', { steps: ['stall'] }, 'upstream_unreachable', undefined],
] as [string, ScriptedResponse, string, number | undefined][])(
  '%s has its own failure reason',
  async (name, script, reason, statusCode) => {
    vendor().respondWith(script);
    const failure = await list(openAi(), name === 'silence' ? 300 : undefined).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'UpstreamFailure', reason, statusCode });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(apiKey);
  },
);

test('a disallowed base URL is rejected as OutboundDenied', async () => {
  const strict = createOutboundClient({ allowLoopbackHttp: false, trustFakeIp: false });
  await expect(listUpstreamModels(openAi(), { outbound: strict })).rejects.toMatchObject({ name: 'OutboundDenied' });
});

const route = () => ({ ...openAi(), provider_kind: 'openai' as const, model: 'gpt-test', openai_api_mode: 'chat_completions' as const });

test('a probe sends "ping" with 32 tokens and returns the latency', async () => {
  vendor().respondWith(chat.answer('pong'), messages.answer('pong'), json({ data: [{ embedding: [1] }] }));
  expect(await testModel(route(), { outbound })).toEqual({ success: true, latency_ms: expect.any(Number) });
  await testModel({ ...route(), provider_kind: 'anthropic', base_url: vendor().origin }, { outbound });
  expect((await testModel(route(), { outbound }, 'embedding')).success).toBe(true);
  const [first, second, third] = vendor().requests;
  expect(first?.body).toMatchObject({ max_tokens: 32, messages: [{ role: 'user', content: 'ping' }] });
  expect(second?.body).toMatchObject({ max_tokens: 32 });
  expect(third).toMatchObject({ path: '/v1/embeddings', body: { model: 'gpt-test', input: 'ping' } });
});

test('a failed probe returns the error without the API key', async () => {
  vendor().respondWith(chat.failure(401, { message: `Wrong key: ${apiKey}` }), { steps: ['stall'] });
  expect(await testModel(route(), { outbound })).toMatchObject({ success: false, error: 'Wrong key: [redacted]' });
  expect(await testModel(route(), { outbound, timeoutMs: 60 })).toMatchObject({
    success: false,
    error: 'The model did not answer in time.',
  });
});

test('the stub streams its deltas, reports no usage and can be cancelled', async () => {
  const stub = openModel({ provider_kind: 'stub', model: 'stub', deltaCount: 3, deltaIntervalSeconds: 0.01 }, { outbound });
  const { pieces, finish } = await callModel(stub);
  expect(pieces).toEqual(['stub delta 1', 'stub delta 2', 'stub delta 3']);
  expect(finish).toEqual({ type: 'finish', text: pieces.join(''), tool_calls: [] });
  const slow = openModel({ provider_kind: 'stub', model: 'stub', deltaCount: 3, deltaIntervalSeconds: 60 }, { outbound });
  await expect(callModel(slow, request(), AbortSignal.timeout(30))).rejects.toMatchObject({ name: 'TimeoutError' });
  expect((await testModel({ provider_kind: 'stub', model: 'stub', deltaCount: 1, deltaIntervalSeconds: 0 }, { outbound })).success).toBe(
    true,
  );
});
