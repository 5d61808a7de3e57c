import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { countUpload } from '../../../server/http/body/uploadMemory.ts';
import { emptyClosedAccounts } from '../../../server/jobs/closedAccounts.ts';
import { endAbandonedCompletions } from '../../../server/jobs/endAbandonedCompletions.ts';
import { deleteExpiredRows } from '../../../server/jobs/housekeeping.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { messages as anthropic, chat, type ScriptedResponse, startVendor } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { checkedBalance, setBalance } from '../../support/credits/credits.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_API_MAX_IN_FLIGHT: '3', ARKLOOP_MAX_CHAT_COMPLETIONS: '4' }, { worker: false });
const { call, sql, signUp, url, database } = app;

/** 11 tokens in and 7 out cost 18 credits: the free tier of small runs does not apply. */
const prices = { cost_per_1k_input: 1, cost_per_1k_output: 1, cost_per_1k_cache_read: 1 };
const hello = { model: 'gpt-test', messages: [{ role: 'user', content: 'Hello' }] };

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A user with a model at a scripted vendor. */
async function openDoor(fields: object = {}, person?: Person) {
  const vendor = await startVendor();
  onTestFinished(() => vendor.close());
  const user = person ?? (await signUp());
  const provider = await addProvider(app, user, { base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions', ...fields });
  await addModel(app, user, provider, prices);
  const complete = (body: object, headers: Record<string, string> = {}) =>
    call('POST', '/v1/chat/completions', { token: user.token, body: { ...hello, ...body }, headers });
  return { vendor, user, provider, complete, balance: () => checkedBalance(app, user.accountId) };
}

const rowsOf = ({ accountId }: Person) =>
  sql(
    'select status, usage, reserved_credits, cost_usd, api_key_id, end_user, metadata, model from chat_completions where account_id = $1 order by created_at',
    [accountId],
  );

const eventsOf = (text: string): any[] =>
  text
    .split('\n\n')
    .filter((each) => each.startsWith('data: '))
    .map((each) => (each === 'data: [DONE]' ? '[DONE]' : JSON.parse(each.slice(6))));

/** Starts a stream and reads it until `until` is in its text. `leave` disconnects. */
async function openStream(token: string, body: object) {
  const leaving = new AbortController();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...hello, stream: true, ...body }),
    signal: leaving.signal,
  });
  const reader = response.body!.getReader();
  let text = '';
  return {
    response,
    leave: () => leaving.abort(),
    async readUntil(until: string) {
      while (!text.includes(until)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`the stream ended with ${text}`);
        text += Buffer.from(value).toString();
      }
      return text;
    },
  };
}

test('an answer is JSON in the format of OpenAI, is charged once, and counts as usage of its model and key', async () => {
  const { vendor, user, complete, balance } = await openDoor();
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

  const key = (await call('POST', '/v1/api-keys', { token: user.token, body: { name: 'door', scopes: ['data.completions.write'] } })).body;
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
  const { vendor, user, complete, balance } = await openDoor();
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

test('JSON formats, images, limits and other vendors', async () => {
  const { vendor, user, complete } = await openDoor();
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
    ['https://example.com/a.png', 'data URL'],
    ['data:image/png;base64,AAAA!!!!', 'base64'],
    ['data:image/png;base64,AAAA', 'is not a PNG'],
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
  const { vendor, user, complete } = await openDoor();
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
  const { user, vendor } = await openDoor({ name: 'First' });
  const stranger = await openDoor({ name: 'Strange' });
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

test('without credits nothing is sent; reservations of concurrent calls do not exceed the balance', async () => {
  const { vendor, user, complete, balance } = await openDoor();
  await setBalance(app, user, 0);
  const refused = await complete({});
  expect([refused.status, refused.body.error, refused.headers.get('retry-after')]).toMatchObject([
    402,
    { type: 'insufficient_quota', code: 'insufficient_quota' },
    null,
  ]);
  expect(vendor.requests).toHaveLength(0);
  await setBalance(app, user, 100);
  const hold = Promise.withResolvers<void>();
  const slow: ScriptedResponse = { steps: [chat.text('a'), { wait: hold.promise }, ...chat.answer('b').steps!] };
  vendor.respondWith(slow, slow, slow);
  // The first call reserves everything, because it could use more than the balance.
  const first = complete({});
  await eventually(async () => vendor.requests.length === 1, 'the first call');
  const credits = (await call('GET', '/v1/me/credits', { token: user.token })).body;
  expect([credits.balance, credits.reserved, credits.available]).toEqual([100, 100, 0]);
  expect((await complete({})).status).toBe(402);
  // A run cannot use them either.
  const thread = (await call('POST', '/v1/threads', { token: user.token, body: {} })).body;
  await call('POST', `/v1/threads/${thread.id}/messages`, { token: user.token, body: { content: 'x' } });
  expect((await call('POST', `/v1/threads/${thread.id}/runs`, { token: user.token, body: {} })).status).toBe(402);
  hold.resolve();
  expect((await first).status).toBe(200);
  expect([await balance(), vendor.requests.length]).toEqual([82, 1]);
});

test('a client that disconnects ends the call at the provider and is charged once for what it caused', async () => {
  const { vendor, user, balance } = await openDoor();
  const before = (await balance())!;
  vendor.respondWith({ steps: [chat.text('some words of an answer'), 'stall'] }, { steps: ['stall'] });
  const stream = await openStream(user.token, {});
  await stream.readUntil('some words');
  expect(vendor.requests[0]!.closed).toBe(false);
  stream.leave();
  await eventually(async () => vendor.requests[0]!.closed, 'the end of the call at the provider');
  const ended = await eventually(async () => (await rowsOf(user)).find(({ status }) => status !== 'running'), 'the end of the call');
  expect(ended).toMatchObject({ status: 'cancelled', reserved_credits: 0, usage: { estimated: true } });
  const charged = before - (await balance())!;
  expect(charged).toBe(ended.usage.input_tokens + ended.usage.output_tokens);
  // Before the first event, and without a stream.
  const leaving = new AbortController();
  const plain = fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(hello),
    signal: leaving.signal,
  });
  await eventually(async () => vendor.requests.length === 2, 'the second call');
  leaving.abort();
  await expect(plain).rejects.toThrow();
  await eventually(async () => vendor.requests[1]!.closed, 'the end of the second call at the provider');
  await eventually(async () => (await rowsOf(user)).every(({ status }) => status === 'cancelled'), 'the end of both');
  expect((await call('GET', '/v1/me/credits', { token: user.token })).body.reserved).toBe(0);
  const [{ count }] = await sql(
    `select count(*)::int from credit_transactions where account_id = $1 and reference_type = 'chat_completion'`,
    [user.accountId],
  );
  expect(count).toBe(2);
});

test('a reader that stops reading holds back the provider, and loses nothing when it goes on', async () => {
  const { vendor, user } = await openDoor();
  await setBalance(app, user, 10_000_000);
  const piece = 'x'.repeat(64 * 1_024);
  vendor.respondWith({
    steps: [
      ...Array.from({ length: 120 }, () => chat.text(piece)),
      chat.stop(),
      chat.usage({ prompt_tokens: 1, completion_tokens: 2 }),
      chat.done,
    ],
  });
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const body = JSON.stringify({ ...hello, stream: true });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${user.token}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  await eventually(async () => vendor.requests.length === 1, 'the call');
  // Nobody reads: the answer does not fit into the buffers, so the call cannot end.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await rowsOf(user))[0].status).toBe('running');
  let bytes = 0;
  let end = '';
  for await (const chunk of socket) {
    bytes += chunk.length;
    end = (end + chunk.toString()).slice(-200);
  }
  expect(bytes).toBeGreaterThan(120 * piece.length);
  expect(end).toContain('data: [DONE]');
  expect((await rowsOf(user))[0]).toMatchObject({ status: 'completed', usage: { input_tokens: 1, output_tokens: 2 } });
});

test('failures of the provider: with a status before the first chunk, as the last event after it', async () => {
  const { vendor, user, complete, balance } = await openDoor();
  const before = await balance();
  for (const stream of [false, true])
    for (const [status, wanted, code] of [
      [400, 400, 'provider_rejected'],
      [401, 502, 'upstream_auth_failed'],
      [404, 502, 'upstream_request_failed'],
      [429, 429, 'provider_rate_limited'],
      [500, 502, 'upstream_request_failed'],
    ] as const) {
      vendor.respondWith(chat.failure(status, { message: `said the vendor of ${status}` }, { 'retry-after': '7' }));
      const { status: got, body, headers } = await complete({ stream });
      expect([got, body.error.code, body.error.message]).toEqual([wanted, code, `said the vendor of ${status}`]);
      expect(headers.get('retry-after')).toBe(status === 429 ? '7' : null);
    }
  vendor.respondWith({ steps: ['cut'] });
  expect((await complete({ stream: true })).body.error).toMatchObject({ type: 'server_error' });
  expect([await balance(), (await rowsOf(user)).every(({ status }) => status === 'failed')]).toEqual([before, true]);

  vendor.respondWith({ steps: [chat.text('half an'), 'cut'] });
  const { status, text } = await complete({ stream: true });
  const events = eventsOf(text);
  expect([status, events[1].choices[0].delta.content]).toEqual([200, 'half an']);
  expect(events.at(-1)).toEqual({
    error: { message: expect.any(String), type: 'server_error', param: null, code: 'upstream_unreachable' },
  });
  expect(text).not.toContain('[DONE]');
  // What arrived is charged.
  expect(await balance()).toBeLessThan(before!);
  expect((await rowsOf(user)).at(-1)).toMatchObject({ status: 'failed', reserved_credits: 0, usage: { estimated: true } });
});

test('an Idempotency-Key replays an answer without a second call, and has no effect on streams', async () => {
  const { vendor, complete, balance } = await openDoor();
  vendor.respondWith(chat.answer('once'), chat.answer('one'), chat.answer('two'));
  const before = (await balance())!;
  const key = { 'idempotency-key': randomUUID() };
  const [first, again] = [await complete({}, key), await complete({}, key)];
  expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([200, first.body, 'true']);
  expect([vendor.requests.length, before - (await balance())!]).toEqual([1, 18]);
  const other = { 'idempotency-key': randomUUID() };
  expect(
    [(await complete({ stream: true }, other)).text, (await complete({ stream: true }, other)).text].map((text) => eventsOf(text).at(-1)),
  ).toEqual(['[DONE]', '[DONE]']);
  expect([vendor.requests.length, before - (await balance())!]).toEqual([3, 54]);
});

test('limits: concurrent calls, months, and the calls of a process that has stopped', async () => {
  const { vendor, user, complete, balance } = await openDoor();
  await setPlatformSettings(app, { 'limit.concurrent_runs': '1' });
  const hold = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('a'), { wait: hold.promise }, ...chat.answer('b').steps!] });
  const first = complete({});
  await eventually(async () => vendor.requests.length === 1, 'the first call');
  const busy = await complete({});
  expect([busy.status, busy.body.error.code, busy.headers.get('retry-after')]).toEqual([429, 'concurrent_completions_exceeded', '1']);
  hold.resolve();
  expect((await first).status).toBe(200);
  await setPlatformSettings(app, { 'limit.concurrent_runs': '10', 'quota.tokens_per_month': '1' });
  const spent = await complete({});
  expect([spent.status, spent.body.error.code]).toEqual([402, 'monthly_quota_exceeded']);
  await setPlatformSettings(app, { 'quota.tokens_per_month': '0' });

  // Like a process that was killed after it had stored 5 tokens.
  const before = (await balance())!;
  const route = JSON.stringify({ prices: { ...prices, cost_per_1k_cache_write: null }, multiplier: '1.0' });
  const leaveBehind = (usage: object, seconds: number) =>
    sql(
      `insert into chat_completions (account_id, id, created_by_user_id, model, route, reserved_credits, usage, trace_id, expires_at)
       values ($1, gen_random_uuid(), $2, 'gpt-test', $3, 50, $4, repeat('0', 32), now() - $5 * interval '1 second')`,
      [user.accountId, user.id, route, JSON.stringify(usage), seconds],
    );
  await leaveBehind({ input_tokens: 3, output_tokens: 2, estimated: true }, 1);
  // The charge of the first one fails.
  await leaveBehind({ input_tokens: 1.5, output_tokens: 2 }, 2);
  expect((await call('GET', '/v1/me/credits', { token: user.token })).body.reserved).toBe(100);
  const errors: string[] = [];
  const log = { error: (_facts: object, message: string) => errors.push(message), warn: () => undefined } as never;
  const ended = await Promise.all([endAbandonedCompletions({ database, log }), endAbandonedCompletions({ database, log })]);
  expect(ended.reduce((sum, each) => sum + each, 0)).toBe(2);
  expect(errors[0]).toContain('ended without a charge');
  expect([before - (await balance())!, (await call('GET', '/v1/me/credits', { token: user.token })).body.reserved]).toEqual([5, 0]);
});

test('what a provider reports is stored in whole numbers, and never too large to be charged', async () => {
  const { vendor, user, provider, complete, balance } = await openDoor();
  await addModel(app, user, provider, { model: 'dear', ...prices, cost_per_1k_input: 999_999 });
  const told = (usage: Record<string, unknown>): ScriptedResponse => ({
    steps: [chat.text('a'), chat.stop(), chat.usage(usage), chat.done],
  });
  vendor.respondWith(
    told({ prompt_tokens: 1.5, completion_tokens: 0.4 }),
    told({ prompt_tokens: 1e300, completion_tokens: 1e300, prompt_tokens_details: { cached_tokens: 1e300 } }),
    told({ prompt_tokens: 1e300, completion_tokens: 7 }),
  );
  await setBalance(app, user, 1_000_000);
  const [small, large] = [await complete({}), await complete({})];
  expect([small.status, small.body.usage.prompt_tokens]).toEqual([200, 2]);
  expect([large.status, large.body.usage.prompt_tokens, large.body.usage.completion_tokens]).toEqual([200, 1e12, 1e12]);
  await setBalance(app, user, 1_000_000);
  expect((await complete({ model: 'dear' })).status).toBe(200);
  const rows = await rowsOf(user);
  expect(rows.map(({ status, reserved_credits }) => [status, reserved_credits])).toEqual(Array(3).fill(['completed', 0]));
  expect([Number(rows[2].cost_usd), await balance()]).toEqual([Number.MAX_SAFE_INTEGER / 1_000_000, 0]);
});

test('calls that wait for a provider take no slots of other requests, and have a limit of their own', async () => {
  const { vendor, user, complete } = await openDoor();
  await setBalance(app, user, 1_000_000);
  const hold = Promise.withResolvers<void>();
  const slow: ScriptedResponse = { steps: [{ wait: hold.promise }, ...chat.answer('late').steps!] };
  vendor.respondWith(slow, slow, slow, slow, chat.answer('free again'));
  const waiting = [];
  for (let at = 0; at < 4; at++) {
    waiting.push(complete(at === 0 ? { stream: true } : {}));
    await eventually(async () => vendor.requests.length === at + 1, 'the next call');
  }
  expect((await call('GET', '/v1/me', { token: user.token })).status).toBe(200);
  const fifth = await complete({});
  expect([fifth.status, fifth.body.error.code, fifth.headers.get('retry-after')]).toEqual([503, 'overloaded', '1']);
  hold.resolve();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  // Refused calls give their slots back.
  for (let at = 0; at < 5; at++) expect((await complete({ model: 'nothing' })).status).toBe(404);
  expect((await complete({})).status).toBe(200);
});

test('a call has a maximum duration, with an error that clients do not repeat', async () => {
  const { vendor, user, complete } = await openDoor();
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': '300' });
  vendor.respondWith({ steps: ['stall'] }, { steps: [chat.text('half an'), 'stall'] }, chat.answer('in time'));
  const { status, body, headers } = await complete({});
  expect([status, body.error, headers.get('retry-after')]).toEqual([
    400,
    { message: expect.stringContaining('300 ms'), type: 'invalid_request_error', param: null, code: 'completion_too_long' },
    null,
  ]);
  const events = eventsOf((await complete({ stream: true })).text);
  expect(events.at(-1).error).toMatchObject({ type: 'invalid_request_error', code: 'completion_too_long' });
  await setPlatformSettings(app, { 'limit.run_wall_clock_timeout_ms': '5000000000' });
  expect((await complete({})).status).toBe(200);
  expect((await rowsOf(user)).map(({ status: end, reserved_credits }) => [end, reserved_credits])).toEqual([
    ['failed', 0],
    ['failed', 0],
    ['completed', 0],
  ]);
});

test('a call ends soon after its key was revoked, its user suspended, or its account closed', async () => {
  // Only the renewal of the leases is advanced.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const ends: ((user: Person, keyId: string) => Promise<unknown>)[] = [
    (user, keyId) => call('DELETE', `/v1/api-keys/${keyId}`, { token: user.token }),
    ({ id }) => sql("update users set status = 'suspended' where id = $1", [id]),
    ({ accountId }) => sql('update accounts set deleted_at = now() where id = $1', [accountId]),
    ({ id }) => sql('delete from memberships where user_id = $1', [id]),
  ];
  for (const end of ends) {
    const { vendor, user } = await openDoor();
    const key = (await call('POST', '/v1/api-keys', { token: user.token, body: { name: 'door', scopes: ['data.completions.write'] } }))
      .body;
    vendor.respondWith({ steps: ['stall'] });
    const answer = call('POST', '/v1/chat/completions', { token: key.key, body: hello });
    await eventually(async () => vendor.requests.length === 1, 'the call');
    vi.advanceTimersByTime(15_000);
    await new Promise((done) => setTimeout(done, 50));
    expect(vendor.requests[0]!.closed).toBe(false);
    await end(user, key.id);
    vi.advanceTimersByTime(15_000);
    const { status, body } = await answer;
    expect([status, body.error.type]).toEqual([401, 'authentication_error']);
    await eventually(async () => vendor.requests[0]!.closed, 'the end of the call at the provider');
    expect((await rowsOf(user))[0]).toMatchObject({ status: 'failed', reserved_credits: 0 });
  }
  // Also when the answer grows.
  const { vendor, user, complete } = await openDoor();
  await setBalance(app, user, 1_000_000);
  const hold = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [chat.text('a'), { wait: hold.promise }, chat.text('word '.repeat(4_000)), 'stall'] });
  const answer = complete({});
  await eventually(async () => vendor.requests.length === 1, 'the call');
  await sql("update users set status = 'suspended' where id = $1", [user.id]);
  hold.resolve();
  expect((await answer).status).toBe(401);
});

test('calls are deleted after the retention of run events and with their account, their personal data with their user', async () => {
  const { user } = await openDoor();
  const other = await signUp();
  const add = (accountId: string, age: string) =>
    sql(
      `insert into chat_completions (account_id, id, created_by_user_id, status, model, route, end_user, metadata, trace_id, expires_at, ended_at)
       values ($1, gen_random_uuid(), $2, 'completed', 'gpt-test', '{}', 'person-7', '{"order": "12"}', repeat('0', 32), now(), now() - $3::interval)`,
      [accountId, user.id, age],
    );
  for (const age of ['1 day', '2 months', '4 months']) await add(user.accountId, age);
  await add(other.accountId, '1 day');
  await deleteExpiredRows(database, { auditRetentionDays: 0, runEventsRetentionMonths: 3 });
  expect(await rowsOf(user)).toHaveLength(2);
  const admin = await app.signUpAdmin();
  expect((await call('DELETE', `/v1/admin/users/${user.id}`, { token: admin.token })).status).toBe(204);
  for (const { accountId } of [user, other])
    for (const row of await rowsOf({ accountId } as Person)) expect([row.end_user, row.metadata]).toEqual([null, null]);
  await emptyClosedAccounts(database);
  expect([(await rowsOf(user)).length, (await rowsOf(other)).length]).toEqual([0, 1]);
});
