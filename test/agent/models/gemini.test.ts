import { expect, test } from 'vitest';
import type { ModelMessage, ReasoningMode } from '../../../server/models/model.ts';
import { openModel } from '../../../server/models/openModel.ts';
import { unsupportedParameters } from '../../../server/models/parameters.ts';
import { gemini as frames } from '../../support/agent/vendor.ts';
import { apiKey, callModel, failureOf, outbound, request, tool, useScriptedProvider } from './support.ts';

const { vendor, gemini } = useScriptedProvider();
const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18, cached_tokens: 3 };
const sent = (n = 0) => vendor().requests[n]?.body as Record<string, any>;
const path = (model: string) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`;

test('streams text and ends with one finish event that has the usage: cached and thinking tokens are included', async () => {
  vendor().respondWith({ ...frames.answer('Hél', 'lo<end_turn', '>'), everyByte: true });
  const { finish, visible } = await callModel(gemini());
  expect(visible).toBe('Héllo');
  expect(finish).toEqual({ type: 'finish', text: 'Héllo', tool_calls: [], usage });
});

test('usage is cumulative, may come after the end, and an answer without any is complete', async () => {
  vendor().respondWith(
    {
      steps: [
        frames.candidate({ content: { parts: [{ text: 'a' }] } }, { usageMetadata: { promptTokenCount: 11, thoughtsTokenCount: 2 } }),
        frames.candidate({ finishReason: 'STOP' }),
        frames.event({ usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 1, thoughtsTokenCount: 2, totalTokenCount: 14 } }),
      ],
    },
    { steps: [frames.candidate({ content: { parts: [{ text: 'b' }] }, finishReason: 'STOP' }).trimEnd()] },
  );
  expect((await callModel(gemini())).finish.usage).toEqual({ input_tokens: 11, output_tokens: 3, total_tokens: 14 });
  expect((await callModel(gemini())).finish).toEqual({ type: 'finish', text: 'b', tool_calls: [] });
});

test('the key is a header, the model one segment of the path, and the settings of advanced_json are merged', async () => {
  vendor().respondWith(...Array.from({ length: 5 }, () => frames.answer('ok')));
  const advanced_json = {
    generationConfig: { topK: 5, temperature: 0.9 },
    safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    contents: [],
    system_instruction: 'no',
    available_catalog: {},
  };
  await callModel(gemini({ advanced_json }), request({ temperature: 0.3, top_p: 0.8, max_output_tokens: 77, stop: ['END'], seed: 3 }));
  await callModel(gemini({ model: 'models/gemini-2.5-pro' }));
  await callModel(gemini({ model: 'tunedModels/own' }));
  await callModel(gemini({ model: '../../x?y=1#z' }));
  const route = { provider_kind: 'gemini' as const, model: 'g', api_key: apiKey, base_url: `${vendor().origin}/v1alpha/` };
  await callModel(openModel(route, { outbound }));
  expect(vendor().requests.map((each) => each.path)).toEqual([
    path('gemini-2.5-flash'),
    path('gemini-2.5-pro'),
    '/v1beta/tunedModels/own:streamGenerateContent?alt=sse',
    path('..%2F..%2Fx%3Fy%3D1%23z'),
    '/v1alpha/models/g:streamGenerateContent?alt=sse',
  ]);
  expect(vendor().requests[0]?.headers).toMatchObject({ 'x-goog-api-key': apiKey, 'content-type': 'application/json' });
  expect(sent()).toEqual({
    generationConfig: { maxOutputTokens: 77, temperature: 0.9, topP: 0.8, stopSequences: ['END'], seed: 3, topK: 5 },
    contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
    safetySettings: advanced_json.safetySettings,
  });
  expect(sent(1).generationConfig).toEqual({});
});

test.each([
  ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
  ['gemini-2.5-flash', 'low', { thinkingBudget: expect.any(Number), includeThoughts: true }],
  ['gemini-3-pro-preview', 'high', { thinkingLevel: 'high', includeThoughts: true }],
  ['gemini-3-pro-preview', 'disabled', { thinkingLevel: 'low' }],
  ['gemini-3-flash-preview', 'auto', undefined],
] as [string, ReasoningMode, object | undefined][])('%s with reasoning mode %s sends %o', async (model, reasoning_mode, expected) => {
  vendor().respondWith(frames.answer('ok'));
  await callModel(gemini({ model }), request({ reasoning_mode }));
  expect(sent().generationConfig.thinkingConfig).toEqual(expected);
});

/** A turn with a thought, a text and two parallel calls, of which Gemini signs the first. */
const signedTurn = [
  frames.thought('Let me look'),
  frames.text('I search.'),
  frames.parts({ text: '', thoughtSignature: 'sig-text' }),
  frames.parts(
    { functionCall: { id: 'g1', name: 'web__search', args: { q: 'x' } }, thoughtSignature: 'sig-call' },
    { functionCall: { name: 'files__read' } },
  ),
  frames.stop(),
];

test('signatures of thoughts go back on the parts that had them, and the results of a turn in one message', async () => {
  vendor().respondWith({ steps: signedTurn }, frames.answer('ok'));
  const model = gemini({ model: 'gemini-3-pro-preview' });
  const question = request({ tools: [tool('web.search'), tool('files.read')], reasoning_mode: 'low' });
  const { finish, thinking, visible, events } = await callModel(model, question);
  expect({ thinking, visible }).toEqual({ thinking: 'Let me look', visible: 'I search.' });
  const [first, second] = finish.tool_calls;
  expect(finish.tool_calls).toMatchObject([
    { id: 'g1', name: 'web.search', arguments: '{"q":"x"}' },
    { name: 'files.read', arguments: '{}' },
  ]);
  expect(events.filter(({ type }) => type === 'tool_delta')).toHaveLength(2);
  const turn: ModelMessage[] = [
    { role: 'assistant', content: finish.text, tool_calls: finish.tool_calls, opaque: JSON.parse(JSON.stringify(finish.opaque)) },
    { role: 'tool', tool_call_id: 'g1', tool_name: 'web.search', content: 'found' },
    { role: 'tool', tool_call_id: second!.id, tool_name: 'files.read', content: 'broken', is_error: true },
    { role: 'system', content: 'Be brief.' },
  ];
  await callModel(model, { ...question, messages: [{ role: 'system', content: 'Help.' }, ...question.messages, ...turn] });
  expect(sent(1).systemInstruction).toEqual({ parts: [{ text: 'Help.' }] });
  expect(sent(1).contents.slice(1)).toEqual([
    {
      role: 'model',
      parts: [
        { text: 'I search.', thoughtSignature: 'sig-text' },
        { functionCall: { id: first!.id, name: 'web__search', args: { q: 'x' } }, thoughtSignature: 'sig-call' },
        { functionCall: { id: second!.id, name: 'files__read', args: {} } },
      ],
    },
    {
      role: 'user',
      parts: [
        { functionResponse: { id: 'g1', name: 'web__search', response: { name: 'web__search', content: 'found' } } },
        { functionResponse: { id: second!.id, name: 'files__read', response: { name: 'files__read', error: 'broken' } } },
      ],
    },
    { role: 'user', parts: [{ text: 'Be brief.' }] },
  ]);
});

test('JSON formats and the choice of tools are sent, also together', async () => {
  vendor().respondWith(frames.answer('{}'), frames.answer('{}'));
  const schema = { type: 'object', properties: { kind: { const: 'a' } }, required: ['kind'], additionalProperties: false };
  await callModel(gemini(), request({ json_format: { schema, name: 'x' }, tools: [tool('t')], tool_choice: { name: 't' } }));
  await callModel(gemini(), request({ json_format: {} }));
  expect(sent().generationConfig).toEqual({
    responseMimeType: 'application/json',
    responseJsonSchema: { type: 'object', properties: { kind: { enum: ['a'] } }, required: ['kind'], additionalProperties: false },
  });
  expect(sent().toolConfig).toEqual({ functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['t'] } });
  expect(sent().tools[0].functionDeclarations.map(({ name }: { name: string }) => name)).toEqual(['t']);
  expect(sent(1).generationConfig).toEqual({ responseMimeType: 'application/json' });
});

test('parameters that the API does not have are named', () => {
  const asked = request({ frequency_penalty: 1, parallel_tool_calls: false, tools: [tool('t')], json_format: {}, seed: 1 });
  const route = (model: string) => ({ provider_kind: 'gemini' as const, model, api_key: apiKey });
  expect(unsupportedParameters(route('gemini-2.5-pro'), asked)).toEqual(['frequency_penalty', 'parallel_tool_calls']);
  expect(unsupportedParameters(route('gemini-3-pro-preview'), asked)).toEqual(['parallel_tool_calls']);
});

test.each([
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['OTHER', undefined],
])('an answer that ends with %s is cut by %s', async (reason, cut) => {
  vendor().respondWith({ steps: [frames.text('half'), frames.stop(reason)] });
  expect((await callModel(gemini())).finish).toMatchObject({ text: 'half', ...(cut ? { cut } : {}) });
});

test('a rejected prompt is an empty answer that was filtered', async () => {
  vendor().respondWith({
    steps: [frames.event({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4 } })],
  });
  expect((await callModel(gemini())).finish).toMatchObject({ text: '', cut: 'content_filter', usage: { input_tokens: 4 } });
});

test.each([
  [503, 'UNAVAILABLE', 'provider.retryable'],
  [429, 'RESOURCE_EXHAUSTED', 'provider.retryable'],
  [400, 'INVALID_ARGUMENT', 'provider.non_retryable'],
  [undefined, 'INTERNAL', 'provider.retryable'],
  [undefined, 'PERMISSION_DENIED', 'provider.non_retryable'],
])('error %s %s in the stream is a %s error with the usage so far', async (code, status, errorClass) => {
  const error = { message: 'said the vendor', status, ...(code && { code }) };
  vendor().respondWith({
    steps: [
      frames.candidate({ content: { parts: [{ text: 'half' }] } }, { usageMetadata: { promptTokenCount: 9 } }),
      frames.event({ error }),
    ],
  });
  const { error: failure, events } = await failureOf(gemini());
  expect(failure).toMatchObject({ errorClass, message: 'said the vendor', details: { gemini_error_status: status } });
  expect(failure.usage).toEqual({ input_tokens: 9 });
  expect(events).toEqual([{ type: 'text', text: 'half' }]);
});

test('a call that the model wrote wrongly is repeated', async () => {
  vendor().respondWith({
    steps: [frames.candidate({ finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Malformed function call: pri' })],
  });
  expect((await failureOf(gemini())).error).toMatchObject({ errorClass: 'provider.retryable', message: 'Malformed function call: pri' });
});

test('HTTP errors are classified by status; the delay of a quota and a wrong key are recognized', async () => {
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '36.5s' };
  const wrongKey = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' };
  vendor().respondWith(
    frames.failure(429, 'RESOURCE_EXHAUSTED', 'later', [retry]),
    frames.failure(400, 'INVALID_ARGUMENT', `API key not valid: ${apiKey}`, [wrongKey]),
    frames.failure(404, 'NOT_FOUND'),
    frames.failure(500, 'INTERNAL'),
  );
  const [limited, refused, missing, broken] = [
    await failureOf(gemini()),
    await failureOf(gemini()),
    await failureOf(gemini()),
    await failureOf(gemini()),
  ];
  expect(limited.error).toMatchObject({
    ...{ errorClass: 'provider.retryable', retryAfterMs: 36_500 },
    details: { status_code: 429, gemini_error_status: 'RESOURCE_EXHAUSTED' },
  });
  expect(refused.error).toMatchObject({ errorClass: 'provider.non_retryable', details: { status_code: 400, reason: 'api_key_invalid' } });
  expect(refused.error.message).toBe('API key not valid: [redacted]');
  expect(missing.error.errorClass).toBe('provider.non_retryable');
  expect(broken.error.errorClass).toBe('provider.retryable');
});

test('a cancelled stream ends at once with its reason and closes the connection', async () => {
  vendor().respondWith({ steps: [frames.text('half'), 'stall'] });
  const cancel = new AbortController();
  const reason = new Error('cancelled by the user');
  const events = gemini({ idleTimeoutMs: 60_000 }).stream(request(), cancel.signal)[Symbol.asyncIterator]();
  expect((await events.next()).value).toEqual({ type: 'text', text: 'half' });
  cancel.abort(reason);
  await expect(events.next()).rejects.toBe(reason);
  await expect.poll(() => vendor().requests[0]?.closed).toBe(true);
});
