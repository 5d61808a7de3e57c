import { expect, onTestFinished, test } from 'vitest';
import { addRandomPersona, dataOf } from '../../support/agent/agent.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { gemini, startVendor } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { expectRunInvariants } from '../../support/checks/invariants.ts';
import { openStream } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ARKLOOP_CODE_SANDBOX: 'wasm' });

async function customer() {
  const person = await app.signUp();
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  const provider = await addProvider(app, person, { name: 'Google', provider: 'gemini', base_url: vendor.origin });
  return { person, vendor, provider };
}

const everything = ['echo', 'noop', 'todo_write', 'timeline_title', 'summarize_thread', 'ask_user', 'memory', 'schedules', 'subagents'];
const allTools = [...everything, 'workspace', 'code', 'web_search', 'web_fetch'];

/** The keywords of JSON Schema that the Gemini API documents. */
const documented = new Set([
  ...['type', 'format', 'title', 'description', 'enum', 'items', 'prefixItems', 'minItems', 'maxItems', 'minimum', 'maximum', 'anyOf'],
  ...['properties', 'additionalProperties', 'required', '$ref', '$defs', '$id', '$anchor'],
]);

function keywordsOf(schema: any): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const nested = [...Object.values(schema.properties ?? {}), ...Object.values(schema.$defs ?? {}), ...(schema.anyOf ?? [])];
  return [...Object.keys(schema), ...[...nested, schema.items, schema.additionalProperties].flatMap(keywordsOf)];
}

test('a run with a Gemini model calls tools, returns the signatures of thoughts, and is charged', async () => {
  const { person, vendor, provider } = await customer();
  const model = await addModel(app, person, provider, {
    ...{ model: 'gemini-3-pro-preview', cost_per_1k_input: 0.002, cost_per_1k_output: 0.012, cost_per_1k_cache_read: 0.0002 },
  });
  vendor.respondWith(
    { steps: [gemini.thought('I say it back.'), gemini.call('echo', { text: 'hi' }, { thoughtSignature: 'sig-1' }), gemini.stop()] },
    gemini.failure(503, 'UNAVAILABLE'),
    gemini.answer('It said ', 'hi.'),
  );
  const persona_id = await addRandomPersona(app, person, { tool_allowlist: allTools, reasoning_mode: 'low' });
  const runId = await startRun(app, person, await openThread(app, person, 'Say hi.'), { persona_id });
  await openStream(app.url, runId, { token: person.token }).then(({ ended }) => ended);
  const events = await expectRunInvariants(app, runId, person.token);
  expect(events.at(-1)?.type).toBe('run.completed');
  expect(dataOf(events, 'run.route.selected')).toMatchObject([
    { provider_kind: 'gemini', model: 'gemini-3-pro-preview', route_id: model.id },
  ]);
  expect(dataOf(events, 'run.llm.retry')).toMatchObject([{ details: { status_code: 503, gemini_error_status: 'UNAVAILABLE' } }]);
  const thoughts = dataOf(events, 'message.delta').filter(({ channel }) => channel === 'thinking');
  expect(thoughts.map(({ content_delta }) => content_delta).join('')).toBe('I say it back.');
  // Two calls of 11 prompt tokens, of which 3 are cached, and 7 of the answer.
  const { body: run } = await app.call('GET', `/v1/runs/${runId}`, { token: person.token });
  expect(run).toMatchObject({ total_input_tokens: 22, total_output_tokens: 14 });
  expect(Number(run.total_cost_usd)).toBeCloseTo((2 * (8 * 0.002 + 3 * 0.0002 + 7 * 0.012)) / 1_000, 6);
  const [first, , last] = vendor.requests.map(({ body }) => body as Record<string, any>);
  expect(first!.generationConfig.thinkingConfig).toEqual({ includeThoughts: true, thinkingLevel: 'low' });
  const declared: { name: string; parametersJsonSchema: any }[] = first!.tools[0].functionDeclarations;
  expect(declared.length).toBeGreaterThan(25);
  for (const { name, parametersJsonSchema: schema } of declared) {
    expect(schema.type, name).toBe('object');
    expect(
      keywordsOf(schema).filter((keyword) => !documented.has(keyword)),
      name,
    ).toEqual([]);
  }
  expect(last!.contents.slice(-2)).toMatchObject([
    { role: 'model', parts: [{ functionCall: { name: 'echo', args: { text: 'hi' } }, thoughtSignature: 'sig-1' }] },
    { role: 'user', parts: [{ functionResponse: { name: 'echo' } }] },
  ]);
});

test('a Gemini provider is created, tested and read without its key; what the API does not take is refused', async () => {
  const { person, vendor, provider } = await customer();
  const { token } = person;
  const model = await addModel(app, person, provider, { model: 'gemini-2.5-flash' });
  vendor.respondWith(gemini.answer('pong'));
  const tested = await app.call('POST', `/v1/llm-providers/${provider.id}/models/${model.id}/test`, { token });
  expect(tested.body).toMatchObject({ success: true });
  expect(vendor.requests[0]).toMatchObject({
    body: { contents: [{ parts: [{ text: 'ping' }] }], generationConfig: { maxOutputTokens: 32 } },
  });
  const patch = (body: object) => app.call('PATCH', `/v1/llm-providers/${provider.id}`, { token, body });
  expect(await patch({ advanced_json: { safetySettings: [] } })).toMatchObject({ status: 200, body: { provider: 'gemini' } });
  const denied = await patch({ advanced_json: { contents: [], tool_config: {} } });
  expect(denied.body.details.issues.map(({ path }: { path: string }) => path)).toEqual([
    '/advanced_json/contents',
    '/advanced_json/tool_config',
  ]);
  expect((await patch({ openai_api_mode: 'auto' })).body.details.issues[0].path).toBe('/openai_api_mode');
  vendor.respondWith(
    gemini.answer('Bon', 'jour'),
    gemini.failure(400, 'INVALID_ARGUMENT', 'API key not valid.', [{ reason: 'API_KEY_INVALID' }]),
  );
  const ask = (more: object = {}) =>
    app.call('POST', '/v1/chat/completions', {
      token,
      body: { model: 'gemini-2.5-flash', messages: [{ role: 'user', content: 'Hi' }], ...more },
    });
  expect((await ask()).body).toMatchObject({
    choices: [{ message: { content: 'Bonjour' } }],
    usage: { prompt_tokens: 11, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 3 } },
  });
  expect(await ask()).toMatchObject({ status: 502, body: { details: { reason: 'upstream_auth_failed' } } });
  expect((await ask({ frequency_penalty: 1 })).body.details).toMatchObject({ reason: 'unsupported_parameter' });
});
