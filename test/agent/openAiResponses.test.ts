import { expect, test } from 'vitest';
import { responses } from '../setup/vendor.ts';
import { apiKey, ask, failureOf, request, tool, useVendor } from './support.ts';

const { vendor, openAi } = useVendor();
const model = (extra?: Parameters<typeof openAi>[1]) => openAi('responses', extra);
const { event } = responses;

test('a response streams its text, usage and one finish', async () => {
  vendor().answers({ ...responses.answer('Hel', 'lo<end_', 'turn> 🐟'), everyByte: true });
  const { finish, visible } = await ask(model());
  expect(visible).toBe('Hello 🐟');
  const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18, cached_tokens: 3 };
  expect(finish).toEqual({ type: 'finish', text: 'Hello 🐟', tool_calls: [], usage });
});

test('the request keeps nothing at the vendor and carries effort, limits and advanced_json', async () => {
  vendor().answers(responses.answer('ok'));
  await ask(
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

test('reasoning goes to the thinking channel and back to the vendor within the tool loop', async () => {
  const reasoning = {
    type: 'reasoning',
    id: 'rs_1',
    encrypted_content: 'SECRET-STATE',
    summary: [{ type: 'summary_text', text: 'Look it up' }],
  };
  vendor().answers({
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
  const { finish, thinking } = await ask(model(), question);
  expect(thinking).toBe('Look it up');
  expect(finish.tool_calls).toEqual([{ id: 'call_a', name: 'web.search', arguments: '{"q":"x"}' }]);
  vendor().answers(responses.answer('ok'));
  const answer = {
    role: 'assistant' as const,
    content: finish.text,
    tool_calls: finish.tool_calls,
    opaque: JSON.parse(JSON.stringify(finish.opaque)),
  };
  const result = { role: 'tool' as const, tool_call_id: 'call_a', tool_name: 'web.search', content: 'found' };
  await ask(model(), { ...question, messages: [...question.messages, answer, result] });
  const input = vendor().requests[1]?.body.input as Record<string, unknown>[];
  expect(input.map((item) => item.type ?? item.role)).toEqual(['system', 'user', 'reasoning', 'function_call', 'function_call_output']);
  expect(input[2]).toMatchObject({ id: 'rs_1', encrypted_content: 'SECRET-STATE', summary: [{ text: 'Look it up' }] });
  expect(input[3]).toMatchObject({ call_id: 'call_a', name: 'web__search', arguments: '{"q":"x"}' });
});

test('parallel calls with interleaved arguments stay apart', async () => {
  const begin = [responses.call(0, 'a', 'one'), responses.call(1, 'b', 'two')];
  const pieces = [responses.argument(0, '{"n"'), responses.argument(1, '{"m":'), responses.argument(0, ':1}'), responses.argument(1, '2}')];
  const ends = [responses.callDone(0, 'a', 'one', '{"n":1}'), responses.callDone(1, 'b', 'two', '{"m":2}')];
  vendor().answers({ steps: [responses.created, ...begin, ...pieces, ...ends, responses.completed()], everyByte: true });
  const { finish, events } = await ask(model());
  expect(finish.tool_calls.map((call) => [call.id, call.name, call.arguments])).toEqual([
    ['a', 'one', '{"n":1}'],
    ['b', 'two', '{"m":2}'],
  ]);
  const written = events.flatMap((each) => (each.type === 'tool_delta' && each.index === 1 ? each.arguments_delta : ''));
  expect(written.join('')).toBe('{"m":2}');
});

test('a server that says everything at the end is understood', async () => {
  const output = [
    { type: 'message', content: [{ type: 'output_text', text: 'All at once' }] },
    { type: 'function_call', call_id: 'a', name: 't', arguments: '{"n":1}' },
  ];
  vendor().answers({ steps: [responses.completed({ output })] });
  const { finish } = await ask(model());
  expect(finish).toMatchObject({ text: 'All at once', tool_calls: [{ id: 'a', name: 't', arguments: '{"n":1}' }] });
});

test('an answer cut short by the token limit is still an answer', async () => {
  vendor().answers({
    steps: [
      responses.text('Hel'),
      event({ type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' } } }),
    ],
  });
  expect((await ask(model())).visible).toBe('Hel');
});

test('failures inside the stream are told apart, and usage reported with them is kept', async () => {
  const failed = (code: string) =>
    event({ type: 'response.failed', response: { error: { code, message: 'no' }, usage: { input_tokens: 4, output_tokens: 2 } } });
  vendor().answers({ steps: [responses.text('x'), failed('rate_limit_exceeded')] }, { steps: [failed('invalid_prompt')] });
  const { error } = await failureOf(model());
  expect(error).toMatchObject({ errorClass: 'provider.retryable', details: { openai_error_code: 'rate_limit_exceeded' } });
  expect(error.usage).toEqual({ input_tokens: 4, output_tokens: 2 });
  expect((await failureOf(model())).error.errorClass).toBe('provider.non_retryable');
  vendor().answers(
    { steps: [event({ type: 'error', code: 'server_error', message: 'oops' })] },
    { steps: [responses.created, responses.text('half')] },
  );
  expect((await failureOf(model())).error).toMatchObject({ errorClass: 'provider.retryable', message: 'oops' });
  expect((await failureOf(model())).error).toMatchObject({ errorClass: 'provider.retryable', details: { reason: 'incomplete_stream' } });
});
