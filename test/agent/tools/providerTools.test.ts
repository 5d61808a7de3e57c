import { expect, test } from 'vitest';
import { isDebugEvent, type Model, type ModelMessage, type ModelPart } from '../../../server/models/model.ts';
import { openModel } from '../../../server/models/openModel.ts';
import { streamWithRetry } from '../../../server/models/retry.ts';
import { chat, gemini as frames, messages, responses, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { apiKey, callModel, failureOf, outbound, request, tool, useScriptedProvider } from '../models/support.ts';

const { vendor, openAi, anthropic, gemini } = useScriptedProvider();

/** The provider APIs, each with scripts for a text answer and for one call with its arguments in pieces. */
const dialects: [name: string, open: () => Model, answer: ScriptedResponse, calls: (...pieces: string[]) => ScriptedResponse][] = [
  [
    'chat completions',
    () => openAi('chat_completions'),
    chat.answer('ok'),
    (...pieces) => ({
      steps: [
        chat.call(0, { id: 'a', name: 'web__search', arguments: '' }),
        ...pieces.map((piece) => chat.call(0, { arguments: piece })),
        chat.stop('tool_calls'),
        chat.done,
      ],
    }),
  ],
  [
    'responses',
    () => openAi('responses'),
    responses.answer('ok'),
    (...pieces) => ({
      steps: [
        responses.created,
        responses.call(0, 'a', 'web__search'),
        ...pieces.map((piece) => responses.argument(0, piece)),
        responses.callDone(0, 'a', 'web__search', pieces.join('')),
        responses.completed(),
      ],
    }),
  ],
  [
    'messages',
    () => anthropic(),
    messages.answer('ok'),
    (...pieces) => ({
      steps: [
        messages.start,
        messages.block(0, { type: 'tool_use', id: 'a', name: 'web__search', input: {} }),
        ...pieces.map((partial_json) => messages.delta(0, { type: 'input_json_delta', partial_json })),
        messages.blockStop(0),
        messages.stop,
      ],
    }),
  ],
];
const sent = (n = 0) => vendor().requests[n]?.body as Record<string, any>;

const picture: ModelPart[] = [
  { type: 'text', text: 'What is this?' },
  { type: 'image', mime_type: 'image/webp', data: 'UklGRg==' },
  { type: 'image', mime_type: 'image/png', data: 'iVBORw==' },
];

test('images are sent to each provider in its own format and in order', async () => {
  const question = request({ messages: [{ role: 'user', content: picture }] });
  for (const [, open, answer] of dialects) {
    vendor().respondWith(answer);
    await callModel(open(), question);
  }
  const text = { text: 'What is this?' };
  const url = (type: string, data: string) => `data:${type};base64,${data}`;
  expect(sent(0).messages[0].content).toEqual([
    { type: 'text', ...text },
    { type: 'image_url', image_url: { url: url('image/webp', 'UklGRg==') } },
    { type: 'image_url', image_url: { url: url('image/png', 'iVBORw==') } },
  ]);
  expect(sent(1).input[0].content).toMatchObject([
    { type: 'input_text', ...text },
    { type: 'input_image', image_url: url('image/webp', 'UklGRg==') },
    { type: 'input_image', image_url: url('image/png', 'iVBORw==') },
  ]);
  expect(sent(2).messages[0].content).toMatchObject([
    { type: 'text', ...text },
    { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'UklGRg==' } },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw==' } },
  ]);
  vendor().respondWith(frames.answer('ok'));
  await callModel(gemini(), question);
  expect(sent(3).contents[0].parts).toEqual([
    text,
    { inlineData: { mimeType: 'image/webp', data: 'UklGRg==' } },
    { inlineData: { mimeType: 'image/png', data: 'iVBORw==' } },
  ]);
});

test.each(dialects)('%s: assembles arguments from many pieces, cut within characters', async (_, open, __, calls) => {
  const written = '{"q":"naïve 🐟 \\"quoted\\"","n":[1,2]}';
  vendor().respondWith({ ...calls(...written.match(/[\s\S]{1,3}/gu)!), everyByte: true });
  const { finish, events } = await callModel(open(), request({ tools: [tool('web.search')] }));
  expect(finish.tool_calls).toEqual([{ id: 'a', name: 'web.search', arguments: written }]);
  const deltas = events.flatMap((event) => (event.type === 'tool_delta' ? event.arguments_delta : []));
  expect(deltas.length).toBeGreaterThan(5);
  expect(deltas.join('')).toBe(written);
});

test.each(dialects)('%s: arguments that are not JSON are passed on, and sent back as empty', async (_, open, answer, calls) => {
  vendor().respondWith(calls('{"q": oo', 'ps'), answer);
  const question = request({ tools: [tool('web.search')] });
  const { finish } = await callModel(open(), question);
  expect(finish.tool_calls).toEqual([{ id: 'a', name: 'web.search', arguments: '{"q": oops' }]);
  const turn: ModelMessage[] = [
    { role: 'assistant', content: '', tool_calls: finish.tool_calls },
    { role: 'tool', tool_call_id: 'a', tool_name: 'web.search', content: '{"error":"bad"}', is_error: true },
  ];
  await callModel(open(), { ...question, messages: [...question.messages, ...turn] });
  expect(JSON.stringify(sent(1))).not.toContain('oops');
  expect(JSON.stringify(sent(1))).toContain('web__search');
});

test('Anthropic prompt caching marks the last tool and the last system block', async () => {
  vendor().respondWith(messages.answer('ok'));
  const system: ModelMessage[] = [
    { role: 'system', content: 'First' },
    { role: 'system', content: 'Last' },
  ];
  const question = request({ messages: [...system, { role: 'user', content: 'x' }], tools: ['a', 'b', 'c'].map(tool) });
  await callModel(anthropic(), { ...question, prompt_cache_control: 'system_prompt' });
  const mark = { cache_control: { type: 'ephemeral' } };
  expect(sent().tools.map((each: object) => 'cache_control' in each)).toEqual([false, false, true]);
  expect(sent().system).toEqual([
    { type: 'text', text: 'First' },
    { type: 'text', text: 'Last', ...mark },
  ]);
  expect(JSON.stringify(sent()).match(/"cache_control"/g)).toHaveLength(2);
});

test.each(['chat_completions', 'responses'] as const)('OpenAI (%s) gets no cache marks', async (mode) => {
  vendor().respondWith(mode === 'responses' ? responses.answer('ok') : chat.answer('ok'));
  await callModel(openAi(mode), request({ tools: [tool('a')], prompt_cache_control: 'system_prompt' }));
  expect(JSON.stringify(sent())).not.toMatch(/cache_?control/i);
});

/** A model with debug events. */
const watched = (
  provider_kind: 'openai' | 'anthropic',
  openai_api_mode: 'auto' | 'chat_completions' = 'chat_completions',
  advanced_json = {},
) =>
  openModel(
    provider_kind === 'openai'
      ? { provider_kind, model: 'm', api_key: apiKey, base_url: `${vendor().origin}/v1`, openai_api_mode, advanced_json }
      : { provider_kind, model: 'm', api_key: apiKey, base_url: vendor().origin, advanced_json },
    { outbound, idleTimeoutMs: 2_000, debugEvents: true },
  );

test('debug events contain the request and each chunk, without key, secrets and image data', async () => {
  vendor().respondWith(chat.answer('Hi'));
  const advanced_json = { metadata: { api_key: 'other-secret' }, user: `key ${apiKey}` };
  const data = 'QUJD'.repeat(500);
  const question = request({ messages: [{ role: 'user', content: [{ type: 'image', mime_type: 'image/png', data }] }] });
  const { events, visible } = await callModel(watched('openai', 'chat_completions', advanced_json), question);
  expect(visible).toBe('Hi');
  const [first, ...rest] = events.filter(isDebugEvent);
  expect(first).toMatchObject({
    type: 'llm.request',
    provider_kind: 'openai',
    api_mode: 'chat_completions',
    payload: { model: 'm', stream: true },
  });
  expect(events[0]).toBe(first);
  expect(rest.every(({ type }) => type === 'llm.response.chunk')).toBe(true);
  expect(rest.at(-1)).toEqual({ type: 'llm.response.chunk', raw: '[DONE]', truncated: false });
  expect(rest[1]).toMatchObject({ json: { choices: [{ delta: { content: 'Hi' } }] } });
  const told = JSON.stringify(events);
  for (const secret of [apiKey, 'other-secret', data]) expect(told).not.toContain(secret);
  expect(JSON.stringify(sent())).toContain('other-secret');
});

test('debug events truncate long chunks, have the status of an error response, and are off by default', async () => {
  vendor().respondWith({ steps: [chat.text('🐟'.repeat(10_000)), chat.stop(), chat.done] }, messages.failure(401, 'authentication_error'));
  const long = (await callModel(watched('openai'))).events.filter(isDebugEvent)[1];
  expect(long).toMatchObject({ type: 'llm.response.chunk', truncated: true });
  expect(JSON.stringify(long).length).toBeLessThan(9_000);
  const { events } = await failureOf(watched('anthropic'));
  expect(events).toMatchObject([
    { type: 'llm.request', provider_kind: 'anthropic', api_mode: 'messages' },
    { type: 'llm.response.chunk', status_code: 401, json: { error: { type: 'authentication_error' } } },
  ]);
  vendor().respondWith(chat.answer('ok'));
  expect((await callModel(openAi('chat_completions'))).events.some(isDebugEvent)).toBe(false);
});

test('the fallback to chat completions and retries work with debug events', async () => {
  vendor().respondAt('/v1/responses', { status: 404, steps: ['nothing'] });
  vendor().respondAt('/v1/chat/completions', chat.failure(503, { message: 'later' }), chat.answer('ok'));
  const types: string[] = [];
  const retry = { maxAttempts: 3, baseDelayMs: 1, signal: new AbortController().signal };
  for await (const { type } of streamWithRetry(watched('openai', 'auto'), request(), retry)) if (types.at(-1) !== type) types.push(type);
  const line = ['llm.request', 'llm.response.chunk'];
  expect(types).toEqual([...line, 'fallback', ...line, 'retry', ...line, 'text', 'llm.response.chunk', 'finish']);
});
