import { expect, test } from 'vitest';
import { chat, responses } from '../../support/agent/vendor.ts';
import { apiKey, callModel, failureOf, request, tool, useScriptedProvider } from './support.ts';

const { vendor, openAi } = useScriptedProvider();
const model = (extra?: Parameters<typeof openAi>[1]) => openAi('chat_completions', extra);
const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18, cached_tokens: 3 };

test('streams text and ends with one finish event that has the usage', async () => {
  vendor().respondWith(chat.answer('Hel', 'lo ', 'wörld'));
  const { pieces, finish } = await callModel(model());
  expect(pieces).toEqual(['Hel', 'lo ', 'wörld']);
  expect(finish).toEqual({ type: 'finish', text: 'Hello wörld', tool_calls: [], usage });
});

test('the request has the key, the stream options and the merged advanced_json', async () => {
  vendor().respondWith(chat.answer('ok'));
  const advanced_json = { top_k: 40, temperature: 0.1, available_catalog: { context_length: 9 }, messages: 'no', stream: false };
  await callModel(model({ advanced_json }), request({ temperature: 0.9, top_p: 0.5, max_output_tokens: 99 }));
  const [sent] = vendor().requests;
  expect(sent?.path).toBe('/v1/chat/completions');
  expect(sent?.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, 'user-agent': 'Arkloop', 'content-type': 'application/json' });
  expect(sent?.body).toMatchObject({
    model: 'gpt-test',
    stream: true,
    stream_options: { include_usage: true },
    top_k: 40,
    temperature: 0.1,
  });
  expect(sent?.body).toMatchObject({ top_p: 0.5, max_tokens: 99, messages: [{ role: 'user', content: 'Hello' }] });
  expect(sent?.body).not.toHaveProperty('available_catalog');
  expect(sent?.body).not.toHaveProperty('reasoning_effort');
});

test('a stream split at every byte is parsed the same', async () => {
  const script = chat.answer('naïve 🐟 ', '<end_', 'turn>', 'done');
  vendor().respondWith({ ...script, everyByte: true });
  const { visible, finish } = await callModel(model());
  expect(visible).toBe('naïve 🐟 done');
  expect(finish.text).toBe(visible);
});

test('think tags and reasoning fields go to the thinking channel', async () => {
  const steps = [
    chat.delta({ reasoning_content: 'Hm. ' }),
    chat.delta({ reasoning: 'Well. ' }),
    chat.text('<thi'),
    chat.text('nk>So</th'),
    chat.text('ink>Yes'),
  ];
  vendor().respondWith({ steps: [...steps, chat.stop(), chat.done] });
  const { visible, thinking, finish } = await callModel(model());
  expect({ visible, thinking, text: finish.text }).toEqual({ visible: 'Yes', thinking: 'Hm. Well. So', text: 'Yes' });
});

test('reasoning is streamed before the answer begins', async () => {
  vendor().respondWith({ steps: [chat.delta({ reasoning_content: 'Hm' }), 'stall'] });
  const stream = model().stream(request(), new AbortController().signal)[Symbol.asyncIterator]();
  expect(await stream.next()).toMatchObject({ value: { type: 'text', text: 'Hm', channel: 'thinking' } });
  await stream.return?.();
});

test('assembles two parallel calls with interleaved arguments and restores dotted names', async () => {
  const name = 'web__search';
  const pieces = [chat.call(0, { id: 'a', name, arguments: '' }), chat.call(1, { id: 'b', name: 'todo_write', arguments: '{"x"' })];
  const rest = [
    chat.call(0, { arguments: '{"q":' }),
    chat.call(1, { arguments: ':1' }),
    chat.call(0, { arguments: '"é"}' }),
    chat.call(1, { arguments: '}' }),
  ];
  vendor().respondWith({ steps: [...pieces, ...rest, chat.stop('tool_calls'), chat.done], everyByte: true });
  const { finish, events } = await callModel(model(), request({ tools: [tool('web.search'), tool('todo_write')] }));
  expect(finish.tool_calls).toEqual([
    { id: 'a', name: 'web.search', arguments: '{"q":"é"}' },
    { id: 'b', name: 'todo_write', arguments: '{"x":1}' },
  ]);
  expect(events[0]).toEqual({ type: 'tool_delta', index: 0, tool_call_id: 'a', tool_name: 'web.search', arguments_delta: '' });
  expect(vendor().requests[0]?.body.tools).toMatchObject([{ function: { name } }, { function: { name: 'todo_write' } }]);
});

test('empty ids, duplicate ids and ids of earlier turns are replaced by new ones', async () => {
  const calls = [chat.call(0, { id: '', name: 't', arguments: '{}' }), chat.call(1, { id: 'dup', name: 't', arguments: '{}' })];
  const more = [chat.call(2, { id: 'dup', name: 't', arguments: '{}' }), chat.call(3, { id: 'old', name: 't', arguments: '' })];
  vendor().respondWith({ steps: [...calls, ...more, chat.stop('tool_calls'), chat.done] });
  const old = { role: 'assistant' as const, content: '', tool_calls: [{ id: 'old', name: 't', arguments: 'not json' }] };
  const result = { role: 'tool' as const, tool_call_id: 'old', tool_name: 't', content: '{"ok":true}', is_error: true };
  const { finish } = await callModel(model(), request({ messages: [{ role: 'user', content: 'x' }, old, result], tools: [tool('t')] }));
  const ids = finish.tool_calls.map((call) => call.id);
  expect(new Set(ids).size).toBe(4);
  expect(ids[1]).toBe('dup');
  expect(ids).not.toContain('');
  expect(ids).not.toContain('old');
  expect(finish.tool_calls[3]?.arguments).toBe('{}');
  expect(vendor().requests[0]?.body.messages).toMatchObject([
    { role: 'user' },
    { role: 'assistant', tool_calls: [{ id: 'old', function: { arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'old', content: '{"ok":true}' },
  ]);
});

test('separates calls with a repeated or missing index', async () => {
  const bare = (call: object) => `data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] })}\n\n`;
  const whole = (n: number, id?: string) => bare({ index: 0, id, function: { name: 't', arguments: `{"n":${n}}` } });
  vendor().respondWith({
    steps: [
      whole(1, 'a'),
      whole(2, 'b'),
      bare({ id: 'c', function: { name: 't', arguments: '{"n"' } }),
      bare({ function: { arguments: ':3}' } }),
      chat.done,
    ],
  });
  const { finish } = await callModel(model());
  expect(finish.tool_calls.map((call) => [call.id, call.arguments])).toEqual([
    ['a', '{"n":1}'],
    ['b', '{"n":2}'],
    ['c', '{"n":3}'],
  ]);
  vendor().respondWith({ steps: [whole(1), whole(2), chat.done] });
  expect((await callModel(model())).finish.tool_calls.map((call) => call.arguments)).toEqual(['{"n":1}', '{"n":2}']);
});

test('arguments that are not JSON are passed on unchanged', async () => {
  vendor().respondWith({ steps: [chat.call(0, { id: 'a', name: 't', arguments: '{"q": oops' }), chat.stop('length'), chat.done] });
  expect((await callModel(model())).finish.tool_calls).toEqual([{ id: 'a', name: 't', arguments: '{"q": oops' }]);
});

test('the finish event has the cost reported by the server', async () => {
  vendor().respondWith({
    steps: [chat.text('x'), chat.stop(), chat.usage({ prompt_tokens: 1, completion_tokens: 1, cost: 0.0000025 }), chat.done],
  });
  expect((await callModel(model())).finish.cost_usd).toBe('0.0000025');
});

test.each([
  ['a cut connection', { steps: [chat.text('half'), 'cut' as const] }, 'half'],
  ['an end without [DONE]', { steps: [chat.text('half')] }, 'half'],
  ['an empty answer', { steps: [] }, ''],
  ['a web page', { headers: { 'content-type': 'text/html' }, steps: ['<html><body>Welcome</body></html>'] }, ''],
  ['garbage between events', { steps: [chat.text('half'), 'data: {"choi\n\n', chat.stop(), chat.done] }, 'half'],
  ['an error event', { steps: [chat.text('half'), 'data: {"error":{"message":"boom","type":"server_error"}}\n\n', chat.done] }, 'half'],
  ['an error event before the first delta', { steps: ['data: {"error":{"message":"boom","code":502}}\n\n'] }, ''],
])('%s is retryable', async (_, script, said) => {
  vendor().respondWith(script);
  const { error, events } = await failureOf(model());
  expect(error.errorClass).toBe('provider.retryable');
  expect(events.map((event) => (event.type === 'text' ? event.text : '?')).join('')).toBe(said);
});

test('an error event of type invalid_request_error is not retryable', async () => {
  vendor().respondWith({
    steps: ['data: {"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}\n\n'],
  });
  const { error } = await failureOf(model());
  expect(error).toMatchObject({ errorClass: 'provider.non_retryable', message: 'too long' });
  expect(error.details).toEqual({ openai_error_code: 'context_length_exceeded', openai_error_type: 'invalid_request_error' });
});

test('[DONE] ends the answer even if the server keeps the connection open', async () => {
  vendor().respondWith({ steps: [chat.text('x'), chat.stop(), chat.done, 'stall'] });
  const started = Date.now();
  expect((await callModel(model())).visible).toBe('x');
  expect(Date.now() - started).toTakeLessThan(1_000);
});

test('auto falls back to chat completions once and caches the choice', async () => {
  const auto = openAi('auto');
  vendor().respondAt('/v1/responses', { status: 404, headers: { 'content-type': 'text/html' }, steps: ['<html>Not found</html>'] });
  vendor().respondAt('/v1/chat/completions', chat.answer('one'), chat.answer('two'));
  const { events, visible } = await callModel(auto);
  expect(events[0]).toEqual({
    type: 'fallback',
    from_api_mode: 'responses',
    to_api_mode: 'chat_completions',
    reason: 'responses_not_supported',
    status_code: 404,
  });
  expect(visible).toBe('one');
  expect((await callModel(auto)).visible).toBe('two');
  expect(vendor().requests.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/chat/completions', '/v1/chat/completions']);
});

test('auto falls back on model_not_found, but not on other errors', async () => {
  vendor().respondWith(responses.failure(400, { message: 'no such model', code: 'model_not_found' }), chat.answer('one'));
  expect((await callModel(openAi(null))).visible).toBe('one');
  vendor().respondWith(responses.failure(500, { message: 'no' }));
  expect((await failureOf(openAi('auto'))).error.errorClass).toBe('provider.retryable');
  expect(vendor().requests).toHaveLength(3);
});
