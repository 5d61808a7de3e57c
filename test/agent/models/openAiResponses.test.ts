import { expect, test } from 'vitest';
import { imagePriceOf } from '../../../server/models/openai/imagePrice.ts';
import { responses } from '../../support/agent/vendor.ts';
import { apiKey, callModel, failureOf, request, tool, useScriptedProvider } from './support.ts';

const { vendor, openAi } = useScriptedProvider();
const model = (extra?: Parameters<typeof openAi>[1]) => openAi('responses', extra);
const { event } = responses;

test('streams text and ends with one finish event that has the usage', async () => {
  vendor().respondWith({ ...responses.answer('Hel', 'lo<end_', 'turn> 🐟'), everyByte: true });
  const { finish, visible } = await callModel(model());
  expect(visible).toBe('Hello 🐟');
  const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18, cached_tokens: 3 };
  expect(finish).toEqual({ type: 'finish', text: 'Hello 🐟', tool_calls: [], usage });
});

test('the request disables storage and has effort, limits and advanced_json', async () => {
  vendor().respondWith(responses.answer('ok'));
  await callModel(
    model({ advanced_json: { service_tier: 'flex', input: 'no', available_catalog: {} } }),
    request({ reasoning_mode: 'high', max_output_tokens: 64 }),
  );
  const [sent] = vendor().requests;
  expect(sent?.path).toBe('/v1/responses');
  expect(sent?.headers.authorization).toBe(`Bearer ${apiKey}`);
  expect(sent?.body).toMatchObject({ model: 'gpt-test', stream: true, store: false, service_tier: 'flex', max_output_tokens: 64 });
  expect(sent?.body).toMatchObject({ reasoning: { effort: 'high', summary: 'auto' }, input: [{ role: 'user' }] });
  expect(sent?.body).not.toHaveProperty('available_catalog');
});

test('reasoning goes to the thinking channel and is sent back within the tool loop', async () => {
  const reasoning = {
    type: 'reasoning',
    id: 'rs_1',
    encrypted_content: 'SECRET-STATE',
    summary: [{ type: 'summary_text', text: 'Look it up' }],
  };
  vendor().respondWith({
    steps: [
      responses.created,
      event({ type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'Look it up' }),
      event({ type: 'response.output_item.done', output_index: 0, item: reasoning }),
      responses.call(1, 'call_a', 'web__search'),
      responses.argument(1, '{"q":'),
      responses.argument(1, '"x"}'),
      responses.callDone(1, 'call_a', 'web__search', '{"q":"x"}'),
      responses.completed(),
    ],
  });
  const question = request({
    tools: [tool('web.search')],
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'x' },
    ],
  });
  const { finish, thinking } = await callModel(model(), question);
  expect(thinking).toBe('Look it up');
  expect(finish.tool_calls).toEqual([{ id: 'call_a', name: 'web.search', arguments: '{"q":"x"}' }]);
  vendor().respondWith(responses.answer('ok'));
  const answer = {
    role: 'assistant' as const,
    content: finish.text,
    tool_calls: finish.tool_calls,
    opaque: JSON.parse(JSON.stringify(finish.opaque)),
  };
  const result = { role: 'tool' as const, tool_call_id: 'call_a', tool_name: 'web.search', content: 'found' };
  await callModel(model(), { ...question, messages: [...question.messages, answer, result] });
  const input = vendor().requests[1]?.body.input as Record<string, unknown>[];
  expect(input.map((item) => item.type ?? item.role)).toEqual(['system', 'user', 'reasoning', 'function_call', 'function_call_output']);
  expect(input[2]).toMatchObject({ id: 'rs_1', encrypted_content: 'SECRET-STATE', summary: [{ text: 'Look it up' }] });
  expect(input[3]).toMatchObject({ call_id: 'call_a', name: 'web__search', arguments: '{"q":"x"}' });
});

test('assembles parallel calls with interleaved arguments', async () => {
  const begin = [responses.call(0, 'a', 'one'), responses.call(1, 'b', 'two')];
  const pieces = [responses.argument(0, '{"n"'), responses.argument(1, '{"m":'), responses.argument(0, ':1}'), responses.argument(1, '2}')];
  const ends = [responses.callDone(0, 'a', 'one', '{"n":1}'), responses.callDone(1, 'b', 'two', '{"m":2}')];
  vendor().respondWith({ steps: [responses.created, ...begin, ...pieces, ...ends, responses.completed()], everyByte: true });
  const { finish, events } = await callModel(model());
  expect(finish.tool_calls.map((call) => [call.id, call.name, call.arguments])).toEqual([
    ['a', 'one', '{"n":1}'],
    ['b', 'two', '{"m":2}'],
  ]);
  const written = events.flatMap((each) => (each.type === 'tool_delta' && each.index === 1 ? each.arguments_delta : ''));
  expect(written.join('')).toBe('{"m":2}');
});

test('reads output that arrives only in the completed event', async () => {
  const output = [
    { type: 'message', content: [{ type: 'output_text', text: 'All at once' }] },
    { type: 'function_call', call_id: 'a', name: 't', arguments: '{"n":1}' },
  ];
  vendor().respondWith({ steps: [responses.completed({ output })] });
  const { finish } = await callModel(model());
  expect(finish).toMatchObject({ text: 'All at once', tool_calls: [{ id: 'a', name: 't', arguments: '{"n":1}' }] });
});

test('an answer truncated by the token limit is not an error', async () => {
  vendor().respondWith({
    steps: [
      responses.text('Hel'),
      event({ type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' } } }),
    ],
  });
  expect((await callModel(model())).visible).toBe('Hel');
});

test('errors in the stream are classified by code, and their usage is kept', async () => {
  const failed = (code: string) =>
    event({ type: 'response.failed', response: { error: { code, message: 'no' }, usage: { input_tokens: 4, output_tokens: 2 } } });
  vendor().respondWith({ steps: [responses.text('x'), failed('rate_limit_exceeded')] }, { steps: [failed('invalid_prompt')] });
  const { error } = await failureOf(model());
  expect(error).toMatchObject({ errorClass: 'provider.retryable', details: { openai_error_code: 'rate_limit_exceeded' } });
  expect(error.usage).toEqual({ input_tokens: 4, output_tokens: 2 });
  expect((await failureOf(model())).error.errorClass).toBe('provider.non_retryable');
  vendor().respondWith(
    { steps: [event({ type: 'error', code: 'server_error', message: 'oops' })] },
    { steps: [responses.created, responses.text('half')] },
  );
  expect((await failureOf(model())).error).toMatchObject({ errorClass: 'provider.retryable', message: 'oops' });
  expect((await failureOf(model())).error).toMatchObject({ errorClass: 'provider.retryable', details: { reason: 'incomplete_stream' } });
});

test('the image tool of the vendor is offered where it is wanted and images are kept, and its images come once', async () => {
  const image = (id: string, output_format?: string) => ({
    type: 'image_generation_call',
    id,
    status: 'completed',
    result: 'aW1hZ2U=',
    output_format,
  });
  const drawing = {
    steps: [
      responses.created,
      event({ type: 'response.image_generation_call.partial_image', item_id: 'ig_1', output_index: 0, partial_image_b64: 'cHJldmlldw==' }),
      event({ type: 'response.output_item.done', output_index: 0, item: image('ig_1', 'webp') }),
      event({ type: 'response.output_item.done', output_index: 1, item: { ...image('ig_2'), result: null, status: 'failed' } }),
      responses.completed({ output: [image('ig_1', 'webp')] }),
    ],
  };
  const official = imagePriceOf({ provider_kind: 'openai', model: 'm', api_key: 'k', base_url: 'https://api.openai.com/v1' });
  expect([official({ quality: 'low', size: '1024x1024' }), official({ quality: 'low', size: '9x9' }), official({})]).toEqual([
    0.01088, 0.01632, 0.2496,
  ]);
  const drawer = (image_generation: unknown) => model({ advanced_json: { image_generation } });
  vendor().respondWith(drawing);
  const question = request({ images: true, tools: [tool('find')] });
  const { events, finish } = await callModel(drawer({ quality: 'low', type: 'other' }), question);
  expect(events.filter(({ type }) => type === 'image')).toEqual([{ type: 'image', mime_type: 'image/webp', data: 'aW1hZ2U=' }]);
  expect(finish.text).toBe('');
  const sent = () => vendor().requests.at(-1)!.body;
  expect(sent()).toMatchObject({ tools: [{ name: 'find' }, { type: 'image_generation', quality: 'low' }] });
  expect(sent()).not.toHaveProperty('image_generation');
  // All of it in the last event.
  vendor().respondWith({ steps: [responses.created, responses.completed({ output: [image('ig_1'), image('ig_2')] })] });
  const { events: late } = await callModel(drawer(true), request({ images: true }));
  expect(late.filter(({ type }) => type === 'image')).toEqual(
    [1, 2].map(() => ({ type: 'image', mime_type: 'image/png', data: 'aW1hZ2U=' })),
  );
  expect(sent()).toMatchObject({ tools: [{ type: 'image_generation' }] });
  for (const [wanted, asked] of [
    [false, request({ images: true })],
    [undefined, request({ images: true })],
    [true, request()],
    [true, request({ images: true, json_format: {} })],
    [true, request({ images: true, tool_choice: 'none' })],
  ] as const) {
    vendor().respondWith(responses.answer('ok'));
    await callModel(drawer(wanted), asked);
    expect(JSON.stringify(sent())).not.toContain('image_generation');
  }
});
