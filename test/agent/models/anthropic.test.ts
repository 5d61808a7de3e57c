import { expect, test } from 'vitest';
import type { ReasoningMode } from '../../../server/models/model.ts';
import { openModel } from '../../../server/models/openModel.ts';
import { messages } from '../../support/agent/vendor.ts';
import { apiKey, callModel, failureOf, outbound, request, tool, useScriptedProvider } from './support.ts';

const { vendor, anthropic } = useScriptedProvider();
const usage = { input_tokens: 20, output_tokens: 9, cache_creation_input_tokens: 5, cache_read_input_tokens: 40 };

test('streams text and ends with one finish event that has the usage', async () => {
  vendor().respondWith({ ...messages.answer('Hél', 'lo<end_turn', '>'), everyByte: true });
  const { finish, visible } = await callModel(anthropic());
  expect(visible).toBe('Héllo');
  expect(finish).toEqual({ type: 'finish', text: 'Héllo', tool_calls: [], usage });
});

test('the request has key, version, beta header and 32768 tokens by default', async () => {
  vendor().respondWith(messages.answer('ok'), messages.answer('ok'));
  await callModel(anthropic());
  const advanced_json = {
    anthropic_version: '2024-01-01',
    extra_headers: { 'anthropic-beta': 'tools-9', 'x-evil': '1' },
    top_k: 5,
    system: 'no',
    max_tokens: 1,
  };
  const base_url = `${vendor().origin}/v1/`;
  const route = { provider_kind: 'anthropic' as const, model: 'claude-test', api_key: apiKey, base_url, advanced_json };
  await callModel(openModel(route, { outbound }), request({ max_output_tokens: 77 }));
  const [first, second] = vendor().requests;
  expect([first?.path, second?.path]).toEqual(['/v1/messages', '/v1/messages']);
  expect(first?.headers).toMatchObject({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' });
  expect(first?.headers).not.toHaveProperty('authorization');
  expect(first?.body).toMatchObject({ model: 'claude-test', max_tokens: 32_768, stream: true });
  expect(first?.body).not.toHaveProperty('thinking');
  expect(second?.headers).toMatchObject({ 'anthropic-version': '2024-01-01', 'anthropic-beta': 'tools-9' });
  expect(second?.headers).not.toHaveProperty('x-evil');
  expect(second?.body).toMatchObject({ max_tokens: 77, top_k: 5 });
  for (const key of ['system', 'anthropic_version', 'extra_headers']) expect(second?.body).not.toHaveProperty(key);
});

test.each([
  ['minimal', 1_024, 32_768],
  ['low', 4_096, 32_768],
  ['medium', 8_192, 32_768],
  ['enabled', 8_192, 32_768],
  ['high', 16_384, 32_768],
  ['xhigh', 32_768, 65_536],
] as [ReasoningMode, number, number][])(
  'reasoning mode %s sets a thinking budget of %i tokens',
  async (reasoning_mode, budget_tokens, max_tokens) => {
    vendor().respondWith(messages.answer('ok'));
    await callModel(anthropic(), request({ reasoning_mode, temperature: 0.3 }));
    expect(vendor().requests[0]?.body).toMatchObject({ thinking: { type: 'enabled', budget_tokens }, max_tokens });
    expect(vendor().requests[0]?.body).not.toHaveProperty('temperature');
  },
);

test.each(['none', 'disabled', 'auto'] as ReasoningMode[])('reasoning mode %s sends no thinking parameter', async (reasoning_mode) => {
  vendor().respondWith(messages.answer('ok'));
  await callModel(anthropic({ model: 'claude-sonnet-4-5' }), request({ reasoning_mode, temperature: 0.3 }));
  expect(vendor().requests[0]?.body).toMatchObject({ temperature: 0.3, max_tokens: 32_768 });
  expect(vendor().requests[0]?.body).not.toHaveProperty('thinking');
});

test('a model with adaptive thinking gets an effort instead of a budget', async () => {
  vendor().respondWith(messages.answer('ok'));
  await callModel(anthropic({ model: 'claude-sonnet-5-5' }), request({ reasoning_mode: 'medium' }));
  expect(vendor().requests[0]?.body).toMatchObject({
    thinking: { type: 'adaptive' },
    output_config: { effort: 'medium' },
    max_tokens: 32_768,
  });
});

test('thinking blocks, signatures and redacted blocks are sent back in order within the tool loop', async () => {
  vendor().respondWith({
    steps: [
      messages.start,
      messages.thinking(0, 'Let me look', 'sig-1'),
      messages.block(1, { type: 'redacted_thinking', data: 'BLOB' }),
      messages.text(2, 'I search.'),
      messages.thinking(3, 'With q=x', 'sig-2'),
      messages.block(4, { type: 'tool_use', id: 'toolu_1', name: 'web__search', input: {} }),
      messages.delta(4, { type: 'input_json_delta', partial_json: '' }),
      messages.delta(4, { type: 'input_json_delta', partial_json: '{"q":' }),
      messages.delta(4, { type: 'input_json_delta', partial_json: '"x"}' }),
      messages.blockStop(4),
      messages.stop,
    ],
  });
  const question = request({ tools: [tool('web.search')], reasoning_mode: 'low' });
  const { finish, thinking, visible } = await callModel(anthropic(), question);
  expect({ thinking, visible }).toEqual({ thinking: 'Let me lookWith q=x', visible: 'I search.' });
  expect(finish.tool_calls).toEqual([{ id: 'toolu_1', name: 'web.search', arguments: '{"q":"x"}' }]);
  vendor().respondWith(messages.answer('ok'));
  const answer = {
    role: 'assistant' as const,
    content: finish.text,
    tool_calls: finish.tool_calls,
    opaque: JSON.parse(JSON.stringify(finish.opaque)),
  };
  const result = { role: 'tool' as const, tool_call_id: 'toolu_1', tool_name: 'web.search', content: 'broken', is_error: true };
  await callModel(anthropic(), { ...question, messages: [...question.messages, answer, result] });
  const sent = vendor().requests[1]?.body.messages as { role: string; content: Record<string, unknown>[] }[];
  expect(sent[1]?.content).toMatchObject([
    { type: 'thinking', thinking: 'Let me look', signature: 'sig-1' },
    { type: 'redacted_thinking', data: 'BLOB' },
    { type: 'text', text: 'I search.' },
    { type: 'thinking', thinking: 'With q=x', signature: 'sig-2' },
    { type: 'tool_use', id: 'toolu_1', name: 'web__search', input: { q: 'x' } },
  ]);
  expect(sent[2]?.content).toMatchObject([{ type: 'tool_result', tool_use_id: 'toolu_1', is_error: true }]);
});

test('a thinking budget is left out while the newest tool calls have no thinking, which the API would reject', async () => {
  const calls = [{ id: 'toolu_1', name: 'search', arguments: '{}' }];
  const foreign = { role: 'assistant' as const, content: 'I search.', tool_calls: calls };
  const result = { role: 'tool' as const, tool_call_id: 'toolu_1', tool_name: 'search', content: 'found' };
  const question = request({ tools: [tool('search')], reasoning_mode: 'low' });
  const turns = [...question.messages, foreign, result];
  const answered = [...turns, { role: 'assistant' as const, content: 'ok' }, { role: 'user' as const, content: 'And?' }];
  for (const messagesSent of [turns, answered]) {
    vendor().respondWith(messages.answer('ok'));
    await callModel(anthropic(), { ...question, messages: messagesSent });
  }
  const [first, second] = vendor().requests.map(({ body }) => body);
  expect(first).toMatchObject({ max_tokens: 32_768 });
  expect(first).not.toHaveProperty('thinking');
  expect(second).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 4_096 } });
});

test('assembles two parallel calls with interleaved arguments', async () => {
  const use = (index: number, id: string, name: string) => messages.block(index, { type: 'tool_use', id, name, input: {} });
  const json = (index: number, partial_json: string) => messages.delta(index, { type: 'input_json_delta', partial_json });
  const steps = [use(0, 'a', 'one'), use(1, 'b', 'two'), json(0, '{"n'), json(1, '{"m":'), json(0, '":1}'), json(1, '2}')];
  vendor().respondWith({ steps: [messages.start, ...steps, messages.stop], everyByte: true });
  expect((await callModel(anthropic())).finish.tool_calls).toEqual([
    { id: 'a', name: 'one', arguments: '{"n":1}' },
    { id: 'b', name: 'two', arguments: '{"m":2}' },
  ]);
});

test('prompt caching marks the system prompt only if enabled', async () => {
  vendor().respondWith(messages.answer('ok'), messages.answer('ok'));
  const question = request({
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'x' },
    ],
  });
  await callModel(anthropic(), { ...question, prompt_cache_control: 'system_prompt' });
  await callModel(anthropic(), { ...question, prompt_cache_control: 'none' });
  const [marked, plain] = vendor().requests.map(({ body }) => JSON.stringify(body));
  expect(marked?.match(/"cache_control":\{"type":"ephemeral"\}/g)).toHaveLength(1);
  expect(plain).not.toContain('cache_control');
});

test.each([
  ['overloaded_error', 'provider.retryable'],
  ['rate_limit_error', 'provider.retryable'],
  ['timeout_error', 'provider.retryable'],
  ['api_error', 'provider.retryable'],
  ['invalid_request_error', 'provider.non_retryable'],
])('an %s in the stream is a %s error with the usage so far', async (type, errorClass) => {
  vendor().respondWith({ steps: [messages.start, messages.text(0, 'half'), messages.error(type)] });
  const { error, events } = await failureOf(anthropic());
  expect(error).toMatchObject({ errorClass, message: 'said the vendor', details: { anthropic_error_type: type } });
  expect(error.usage).toEqual({ ...usage, output_tokens: 1 });
  expect(events).toEqual([{ type: 'text', text: 'half' }]);
});

test('an error before the first delta and an end without message_stop are errors', async () => {
  vendor().respondWith({ steps: [messages.error('overloaded_error')] }, { steps: [messages.start, messages.text(0, 'half')] });
  expect((await failureOf(anthropic())).error.errorClass).toBe('provider.retryable');
  expect((await failureOf(anthropic())).error).toMatchObject({
    errorClass: 'provider.retryable',
    details: { reason: 'incomplete_stream' },
  });
});

test('HTTP errors are classified by status and error type', async () => {
  vendor().respondWith(
    messages.failure(529, 'overloaded_error'),
    messages.failure(401, 'authentication_error'),
    messages.failure(400, 'rate_limit_error'),
  );
  expect((await failureOf(anthropic())).error).toMatchObject({
    errorClass: 'provider.retryable',
    details: { status_code: 529, anthropic_error_type: 'overloaded_error' },
  });
  expect((await failureOf(anthropic())).error.errorClass).toBe('provider.non_retryable');
  expect((await failureOf(anthropic())).error.errorClass).toBe('provider.retryable');
});
