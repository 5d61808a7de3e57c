import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { countUpload } from '../../../server/http/body/uploadMemory.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { messages as anthropic, chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { chatCompletionsOf, eventsOf, hello, prices } from '../../support/credits/chatCompletions.ts';
import { hugeImages } from '../../support/http/forms.ts';

const app = await startTestApp({ ARKLOOP_API_MAX_IN_FLIGHT: '3', ARKLOOP_MAX_CHAT_COMPLETIONS: '4' }, { worker: false });
const { call, sql, url } = app;
const { openModel, rowsOf } = chatCompletionsOf(app);

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test('an answer is JSON in the format of OpenAI, is charged once, and counts as usage of its model and key', async () => {
  const { vendor, user, complete, balance } = await openModel();
  const before = (await balance())!;
  vendor.respondWith(chat.answer('Hel', 'lo'));
  const { status, body, headers } = await complete({
    user: 'person-7',
    metadata: { order: '12' },
    temperature: 0.5,
    top_p: 0.9,
    max_tokens: 50,
    stop: ['END', 'X'],
    seed: 3,
    frequency_penalty: 1,
    presence_penalty: -1,
    n: 1,
    store: true,
    service_tier: 'auto',
  });
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  expect(body).toEqual({
    id: expect.stringMatching(/^chatcmpl-[0-9a-f-]{36}$/),
    object: 'chat.completion',
    created: expect.any(Number),
    model: 'gpt-test',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello', refusal: null }, finish_reason: 'stop', logprobs: null }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, prompt_tokens_details: { cached_tokens: 3 } },
  });
  expect(vendor.requests[0]!.body).toMatchObject({
    model: 'gpt-test',
    messages: [{ role: 'user', content: 'Hello' }],
    user: 'person-7',
    temperature: 0.5,
    top_p: 0.9,
    max_tokens: 50,
    stop: ['END', 'X'],
    seed: 3,
    frequency_penalty: 1,
    presence_penalty: -1,
    stream: true,
  });
  expect(Object.keys(vendor.requests[0]!.body)).not.toEqual(expect.arrayContaining(['metadata', 'store', 'service_tier']));
  expect(before - (await balance())!).toBe(18);
  expect(await rowsOf(user)).toEqual([
    {
      status: 'completed',
      usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18, cached_tokens: 3 },
      reserved_credits: 0,
      cost_usd: expect.anything(),
      api_key_id: null,
      end_user: 'person-7',
      metadata: { order: '12' },
      model: 'gpt-test',
    },
  ]);
  const ledger = (await call('GET', '/v1/me/credits', { token: user.token })).body;
  expect(ledger.reserved).toBe(0);
  expect(ledger.transactions[0]).toMatchObject({
    amount: -18,
    reference_type: 'chat_completion',
    reference_id: body.id.slice('chatcmpl-'.length),
  });

  const key = (await call('POST', '/v1/api-keys', { token: user.token, body: { name: 'Shop', scopes: ['data.completions.write'] } })).body;
  vendor.respondWith(chat.answer('Hi'));
  expect((await call('POST', '/v1/chat/completions', { token: key.key, body: hello })).status).toBe(200);
  const used = { model: 'gpt-test', input_tokens: 11, output_tokens: 7, record_count: 1 };
  const byKey = await call('GET', `/v1/accounts/${user.accountId}/usage/chat-completions`, { token: user.token });
  expect(byKey.body).toHaveLength(2);
  expect(byKey.body).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ api_key_id: key.id, ...used }),
      expect.objectContaining({ api_key_id: null, ...used }),
    ]),
  );
  const byModel = await call('GET', '/v1/me/usage/by-model', { token: user.token });
  expect(byModel.body[0]).toMatchObject({ model: 'gpt-test', input_tokens: 22, output_tokens: 14, record_count: 2 });
});

test('a stream sends chunks and [DONE], with usage if requested, and calls tools in parallel', async () => {
  const { vendor, user, complete, balance } = await openModel();
  vendor.respondWith(chat.answer('Hel', 'lo'), {
    steps: [
      chat.call(0, { id: 'c-1', name: 'look_up', arguments: '' }),
      chat.call(0, { arguments: '{"q":1}' }),
      chat.call(1, { id: 'c-2', name: 'stop_all', arguments: '' }),
      chat.stop('tool_calls'),
      chat.usage({ prompt_tokens: 5, completion_tokens: 4 }),
      chat.done,
    ],
  });
  const before = (await balance())!;
  const { status, text, headers } = await complete({ stream: true, stream_options: { include_usage: true } });
  expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    'no-cache, no-transform',
  ]);
  const events = eventsOf(text);
  expect(events.at(-1)).toBe('[DONE]');
  expect(events.slice(0, -1).map((each) => [each.choices[0]?.delta, each.choices[0]?.finish_reason, each.usage])).toEqual([
    [{ role: 'assistant', content: '' }, null, null],
    [{ content: 'Hel' }, null, null],
    [{ content: 'lo' }, null, null],
    [{}, 'stop', null],
    [undefined, undefined, { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, prompt_tokens_details: { cached_tokens: 3 } }],
  ]);
  expect(before - (await balance())!).toBe(18);

  const tools = ['look_up', 'stop_all'].map((name) => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties: {} }, strict: false },
  }));
  const called = eventsOf((await complete({ stream: true, tools, tool_choice: 'required', parallel_tool_calls: true })).text);
  expect(called.slice(1, -1).map((each) => each.choices[0].delta.tool_calls?.[0] ?? each.choices[0].finish_reason)).toEqual([
    { index: 0, id: 'c-1', type: 'function', function: { name: 'look_up', arguments: '' } },
    { index: 0, function: { arguments: '{"q":1}' } },
    { index: 1, id: 'c-2', type: 'function', function: { name: 'stop_all', arguments: '' } },
    { index: 1, function: { arguments: '{}' } },
    'tool_calls',
  ]);
  expect(called.slice(0, -1).some((each) => 'usage' in each)).toBe(false);
  expect(vendor.requests[1]!.body).toMatchObject({
    tool_choice: 'required',
    parallel_tool_calls: true,
    tools: [{ type: 'function', function: { name: 'look_up' } }, {}],
  });

  // The next request contains the calls and their results.
  vendor.respondWith(chat.answer('Done'));
  const calls = [
    { id: 'c-1', type: 'function', function: { name: 'look_up', arguments: '{"q":1}' } },
    { id: 'c-2', type: 'function', function: { name: 'stop_all', arguments: '{}' } },
  ];
  const history = [
    { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
    ...hello.messages,
    { role: 'assistant', content: null, refusal: null, annotations: [], tool_calls: calls },
    { role: 'tool', tool_call_id: 'c-1', content: 'found' },
    { role: 'tool', tool_call_id: 'c-2', content: [{ type: 'text', text: 'stopped' }] },
  ];
  const answer = await complete({
    messages: history,
    tools,
    tool_choice: { type: 'function', function: { name: 'look_up' } },
    parallel_tool_calls: false,
  });
  expect(answer.body.choices[0].message.content).toBe('Done');
  expect(vendor.requests[2]!.body).toMatchObject({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', tool_calls: calls },
      { role: 'tool', tool_call_id: 'c-1', content: 'found' },
      { role: 'tool', tool_call_id: 'c-2', content: 'stopped' },
    ],
    tool_choice: { type: 'function', function: { name: 'look_up' } },
    parallel_tool_calls: false,
  });
  expect((await rowsOf(user)).map(({ status: end }) => end)).toEqual(['completed', 'completed', 'completed']);
});

test('a stream has no line breaks of Unicode, which clients may split at', async () => {
  const { vendor, complete } = await openModel();
  const text = 'a\u0085\u2028data: [DONE]\u2029\u2028b';
  vendor.respondWith(chat.answer(text));
  const answer = await complete({ stream: true });
  expect(answer.text).not.toMatch(/[\u0085\u2028\u2029]/);
  const chunks = eventsOf(answer.text).filter((each) => each !== '[DONE]');
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(text);
});

test('JSON formats, images, limits and other vendors', async () => {
  const { vendor, user, complete } = await openModel();
  vendor.respondWith(chat.answer('{}'), chat.answer('{}'), { steps: [chat.text('cut'), chat.stop('length'), chat.done] });
  const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
  const json_schema = { name: 'thing', schema, strict: true };
  await complete({ response_format: { type: 'json_schema', json_schema } });
  expect(vendor.requests[0]!.body.response_format).toEqual({ type: 'json_schema', json_schema: expect.objectContaining(json_schema) });
  const image = (picture: string) => ({ type: 'image_url', image_url: { url: picture, detail: 'low' } });
  const shown = (picture: string) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, image(picture)] }] });
  await complete({ ...shown(`data:image/jpeg;base64,${pixel}`), response_format: { type: 'json_object' } });
  expect(vendor.requests[1]!.body).toMatchObject({
    response_format: { type: 'json_object' },
    // The bytes decide about the type.
    messages: [{ content: [{ type: 'text' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } }] }],
  });
  const cut = await complete({ max_tokens: 1 });
  expect(cut.body.choices[0]).toMatchObject({ message: { content: 'cut' }, finish_reason: 'length' });
  for (const [picture, told] of [
    ['ftp://example.com/a.png', 'data URL'],
    ['data:image/png;base64,AAAA!!!!', 'base64'],
    ['data:image/png;base64,AAAA', 'is not a PNG'],
    ...Object.values(hugeImages).map((huge) => [`data:image/png;base64,${huge.toString('base64')}`, '50 megapixels'] as const),
  ] as const) {
    const refused = await complete(shown(picture));
    expect([refused.status, refused.body.error]).toMatchObject([
      400,
      { param: expect.stringContaining('messages[0].content'), message: expect.stringContaining(told) },
    ]);
  }

  const other = await addProvider(app, user, { name: 'Other', provider: 'anthropic', base_url: vendor.origin });
  await addModel(app, user, other, { model: 'claude-test', ...prices });
  vendor.respondWith(anthropic.answer('Bon', 'jour'));
  const told = await complete({
    model: 'Other^claude-test',
    stop: 'END',
    max_completion_tokens: 9,
    max_tokens: 5,
    response_format: { type: 'json_schema', json_schema },
  });
  expect(told.body).toMatchObject({
    model: 'claude-test',
    choices: [{ message: { content: 'Bonjour' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 65, completion_tokens: 9, total_tokens: 74, prompt_tokens_details: { cached_tokens: 40 } },
  });
  expect(vendor.requests.at(-1)!.body).toMatchObject({
    stop_sequences: ['END'],
    max_tokens: 9,
    output_config: { format: { type: 'json_schema' } },
  });
  for (const [name, value] of Object.entries({ seed: 1, frequency_penalty: 1, response_format: { type: 'json_object' } })) {
    const { status, body } = await complete({ model: 'claude-test', [name]: value });
    expect([status, body.error]).toMatchObject([
      400,
      {
        type: 'invalid_request_error',
        param: expect.stringContaining(name.replace('response_format', 'format')),
        code: 'unsupported_parameter',
      },
    ]);
  }
});

test('errors have the shape of OpenAI', async () => {
  const { vendor, user, complete } = await openModel();
  const path = '/v1/chat/completions';
  const send = (raw: string, headers = {}) => call('POST', path, { token: user.token, raw, headers });
  const tool = { type: 'function', function: { name: 'a' } };
  const errors: [body: object, param: string][] = [
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'function', name: 'a', content: 'b' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'tool', tool_call_id: 'nobody', content: 'b' }] }, 'messages[0].tool_call_id'],
    [{ n: 2 }, 'n'],
    [{ logprobs: true }, 'logprobs'],
    [{ logit_bias: { 50256: -100 } }, 'logit_bias'],
    [{ functions: [] }, 'functions'],
    [{ web_search_options: {} }, 'web_search_options'],
    [{ temperature: 3 }, 'temperature'],
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ stream_options: { include_usage: true } }, 'stream_options'],
    [{ tools: [tool, tool] }, 'tools[1].function.name'],
    [{ tools: Array.from({ length: 5_000 }, () => tool) }, 'tools'],
    [{ tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'tools[0].type'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ tools: [tool], tool_choice: { type: 'function', function: { name: 'b' } } }, 'tool_choice.function.name'],
    [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v'])) }, 'metadata'],
  ];
  for (const [body, param] of errors) {
    const { status, body: told } = await complete(body);
    expect([param, status, told.error]).toEqual([
      param,
      400,
      { message: expect.stringContaining(param), type: 'invalid_request_error', param, code: expect.any(String) },
    ]);
  }
  const polluted = JSON.stringify(hello).replace('{"model"', '{"__proto__":{"admin":true},"model"');
  expect((await send(polluted)).body.error).toMatchObject({ param: '__proto__', type: 'invalid_request_error' });
  const constructed = {
    type: 'function',
    function: {
      name: 'constructor',
      parameters: { type: 'object', properties: { constructor: { type: 'string' }, toString: { type: 'string' } } },
    },
  };
  vendor.respondWith({
    steps: [chat.call(0, { id: 'c', name: 'constructor', arguments: '{"__proto__":{"x":1}}' }), chat.stop('tool_calls'), chat.done],
  });
  expect((await complete({ tools: [constructed] })).body.choices[0].message.tool_calls[0].function).toEqual({
    name: 'constructor',
    arguments: '{"__proto__":{"x":1}}',
  });
  expect(({} as { x?: number }).x).toBeUndefined();

  const shapes = {
    401: await call('POST', path, { token: 'al_nothing', body: hello }),
    404: await complete({ model: 'nothing' }),
    405: await call('DELETE', path, { token: user.token }),
    413: await send(JSON.stringify({ ...hello, messages: [{ role: 'user', content: 'x'.repeat(8 * 2 ** 20) }] })),
    422: await send('{"model":'),
  };
  for (const [status, { status: got, body }] of Object.entries(shapes))
    expect([got, body]).toEqual([
      Number(status),
      {
        error: { message: expect.any(String), type: expect.stringContaining('_error'), param: null, code: expect.any(String) },
        trace_id: expect.any(String),
        details: expect.any(Object),
      },
    ]);
  expect(shapes[401].body.error).toMatchObject({ type: 'authentication_error', code: 'invalid_api_key' });
  expect(shapes[404].body.error).toMatchObject({
    type: 'invalid_request_error',
    code: 'model_not_found',
    message: expect.stringContaining("'nothing'"),
  });
  const scoped = (await call('POST', '/v1/api-keys', { token: user.token, body: { name: 'other', scopes: ['data.runs.write'] } })).body.key;
  const forbidden = await call('POST', path, { token: scoped, body: hello });
  expect([forbidden.status, forbidden.body.error]).toMatchObject([403, { type: 'permission_error', code: 'missing_permission' }]);
  // The typed client reads them too.
  const client = createClient({ baseUrl: url, accessToken: user.token });
  await expect(client.chatCompletions.create({ body: { ...hello, model: 'nothing' } as never })).rejects.toMatchObject({
    ...{ status: 404, code: 'not_found', reason: 'model_not_found', serverMessage: expect.stringContaining("'nothing'") },
  });
  // The refusals were free, and a body with images can be large.
  expect(await rowsOf(user)).toHaveLength(1);
  vendor.respondWith(chat.answer('long'));
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel.replaceAll('=', '')}${'A'.repeat(4 * 2 ** 20)}` } };
  const long = () => complete({ messages: [{ role: 'user', content: [image] }] });
  expect([(await long()).status, vendor.requests.length]).toEqual([200, 2]);
  // Large bodies count as uploads, of which a process holds up to 256 MiB in memory.
  {
    using uploads = countUpload({ apiProcesses: 1 });
    uploads.add(253 * 2 ** 20);
    const full = await long();
    expect([full.status, full.body.error.code]).toEqual([503, 'overloaded']);
  }
  vendor.respondWith(chat.answer('long'));
  expect((await long()).status).toBe(200);
  const text = 'x'.repeat(2 ** 20);
  for (const much of [
    { messages: [{ role: 'user', content: [{ type: 'text', text }] }] },
    { tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'image', data: text, mime_type: 'image/png' } } }] },
    { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { description: text } } } },
  ]) {
    const { status, body } = await complete(much);
    expect([status, body.error.param, body.error.message]).toEqual([400, 'messages', expect.stringContaining('1 MiB')]);
  }
});

test('the models are those that runs can use, and never those of other accounts', async () => {
  const { user, vendor } = await openModel({ name: 'First' });
  const stranger = await openModel({ name: 'Strange' });
  await addModel(app, stranger.user, stranger.provider, { model: 'secret/model' });
  const second = await addProvider(app, user, { name: 'Second', base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions' });
  await addModel(app, user, second, { model: 'GPT-test' });
  await addModel(app, user, second, { model: 'org/model:free', show_in_picker: false });
  await addModel(app, user, second, { model: 'org/shown' });
  const models = (await call('GET', '/v1/models', { token: user.token })).body;
  expect(models).toEqual({ object: 'list', data: expect.any(Array) });
  const ids = models.data.map(({ id }: { id: string }) => id);
  expect(ids.filter((id: string) => id !== 'stub')).toEqual(['gpt-test', 'Second^GPT-test', 'org/shown']);
  expect(models.data[1]).toEqual({ id: 'Second^GPT-test', object: 'model', created: expect.any(Number), owned_by: 'Second' });
  const get = (id: string) => call('GET', `/v1/models/${encodeURIComponent(id)}`, { token: user.token });
  expect((await get('Second^GPT-test')).body).toEqual(models.data[1]);
  expect((await get('org/model:free')).body).toMatchObject({ id: 'org/model:free', owned_by: 'Second' });
  for (const id of ['secret/model', 'Strange^secret/model', 'Strange^gpt-test', '__proto__', 'x'.repeat(200), randomUUID()]) {
    const { status, body } = await get(id);
    expect([id, status, body.error.code]).toEqual([id, 404, 'model_not_found']);
    const asked = await call('POST', '/v1/chat/completions', { token: user.token, body: { ...hello, model: id } });
    expect([id, asked.status, asked.body.error.code]).toEqual([id, 404, 'model_not_found']);
  }
  const [route] = await sql('select id from llm_models where provider_id = $1', [stranger.provider.id]);
  expect((await get(route.id)).status).toBe(404);
  expect((await call('GET', '/v1/models', {})).body.error).toMatchObject({ code: 'invalid_api_key' });
  expect([vendor.requests.length, stranger.vendor.requests.length]).toEqual([0, 0]);
});
