import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startEverything } from '../../support/agent/mcp.ts';
import { startSdkServer } from '../../support/agent/mcpSdk.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { images } from '../../support/http/forms.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { answer, fail, type PromptAnswers, samplePrompt, startPromptServer } from '../../support/mcp/promptServer.ts';

const app = await sharedTestApp();
const { call, signUp, joinAccount, sql } = app;
const [owner, other] = [await signUp(), await signUp()];

let count = 0;
async function addServer(url: string, fields: object = {}, person = owner): Promise<string> {
  const body = { name: `Prompts ${++count}`, transport: 'streamable_http', url, ...fields };
  const { status, text, body: created } = await call('POST', '/v1/mcp-configs', { token: person.token, body });
  expect([status, text]).toEqual([201, text]);
  return created.id;
}
async function scripted(answers: PromptAnswers, fields: object = {}) {
  const server = await startPromptServer(answers);
  onTestFinished(server.close);
  return { ...server, id: await addServer(server.url, fields) };
}
type By = { token: string; headers?: Record<string, string> };
const by = ({ token, headers }: By) => ({ token, ...(headers && { headers }) });
const list = (id: string, who: By = owner) => call('GET', `/v1/mcp-configs/${id}/prompts`, by(who));
const get = (id: string, body: unknown, who: By = owner) => call('POST', `/v1/mcp-configs/${id}/prompts/get`, { ...by(who), body });
const message = (content: object, role = 'user') => ({ messages: [{ role, content }] });

describe('the reference server', async () => {
  const id = await addServer(await startEverything('streamableHttp'), { call_timeout_ms: 60_000 });

  test('lists its prompts with their arguments', async () => {
    const { status, body } = await list(id);
    expect(status).toBe(200);
    const byName = Object.fromEntries(body.map((each: { name: string }) => [each.name, each]));
    expect(byName['args-prompt']).toEqual({
      name: 'args-prompt',
      title: 'Arguments Prompt',
      description: 'A prompt with two arguments, one required and one optional',
      arguments: [
        { name: 'city', title: null, description: 'Name of the city', required: true },
        { name: 'state', title: null, description: null, required: false },
      ],
    });
    expect(byName['simple-prompt']).toMatchObject({ arguments: [] });
  });

  test('fills in arguments, in any script', async () => {
    const { body } = await get(id, { name: 'args-prompt', arguments: { city: 'Zürich 🏔️ 東京', state: 'ZH' } });
    expect(body).toEqual({
      description: null,
      messages: [{ role: 'user', content: { type: 'text', text: "What's weather in Zürich 🏔️ 東京, ZH?" } }],
    });
  });

  test('embeds resources', async () => {
    const text = (await get(id, { name: 'resource-prompt', arguments: { resourceType: 'Text', resourceId: '1' } })).body.messages;
    expect(text.at(-1).content).toEqual({
      type: 'resource',
      uri: expect.stringContaining('text/1'),
      mime_type: 'text/plain',
      text: expect.stringContaining('Resource 1'),
      data: null,
    });
    const blob = (await get(id, { name: 'resource-prompt', arguments: { resourceType: 'Blob', resourceId: '2' } })).body.messages;
    expect(blob.at(-1).content).toMatchObject({ type: 'resource', text: null, data: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) });
  });

  test('a missing, an unknown and a rejected argument, and an unknown prompt, are 400', async () => {
    const missing = await get(id, { name: 'args-prompt', arguments: { state: 'ZH', planet: 'Mars' } });
    expect(statusAndReason(missing)).toEqual([400, 'invalid_prompt_arguments']);
    expect(missing.body.details.issues).toMatchObject([
      { location: 'body', path: '/arguments/city', message: 'is required' },
      { location: 'body', path: '/arguments/planet', message: 'is not an argument of the prompt' },
    ]);
    expect(statusAndReason(await get(id, { name: 'no-such-prompt' }))).toEqual([400, 'prompt_not_found']);
    expect(statusAndReason(await get(id, { name: 'args-prompt', arguments: { city: 7 } }))[0]).toBe(400);
    expect(statusAndReason(await get(id, { name: 'constructor' }))).toEqual([400, 'prompt_not_found']);
  });
});

test('members who may start runs use prompts; other accounts do not', async () => {
  const { id } = await scripted({});
  const member = await signUp();
  await joinAccount(member, owner);
  const asMember = { token: member.token, headers: { 'x-account-id': owner.accountId } };
  expect((await list(id, asMember)).body).toHaveLength(1);
  expect((await get(id, { name: 'sample', arguments: { name: 'Ada' } }, asMember)).status).toBe(200);
  expect((await list(id, other)).status).toBe(404);
  expect((await get(id, { name: 'sample' }, other)).status).toBe(404);
});

test('servers that are off, and those of accounts without remote servers, are 409', async () => {
  const { id, methods } = await scripted({});
  await call('PATCH', `/v1/mcp-configs/${id}`, { token: owner.token, body: { is_active: false } });
  expect(statusAndReason(await list(id))).toEqual([409, 'mcp_server_unavailable']);
  expect(statusAndReason(await get(id, { name: 'sample' }))).toEqual([409, 'mcp_server_unavailable']);
  const server = await startPromptServer();
  onTestFinished(server.close);
  const theirs = await addServer(server.url, {}, other);
  await sql(
    `insert into entitlement_overrides (account_id, id, key, value, value_type)
     values ($1, gen_random_uuid(), 'feature.mcp_remote_enabled', 'false', 'boolean')`,
    [other.accountId],
  );
  expect(statusAndReason(await list(theirs, other))).toEqual([409, 'mcp_server_unavailable']);
  expect([server.methods, methods]).toEqual([[], []]);
});

test('a token is sent, and removed from what the server repeats', async () => {
  const token = 'tok-secret-4f9c2a71b8d05e63';
  const { id } = await scripted(
    {
      'prompts/list': answer({ prompts: [{ ...samplePrompt, description: `uses ${token}` }] }),
      'prompts/get': answer(message({ type: 'text', text: `Bearer ${token}` })),
    },
    { bearer_token: token },
  );
  expect((await list(id)).body[0].description).toBe('uses ******');
  expect((await get(id, { name: 'sample' })).body.messages[0].content.text).toBe('Bearer ******');
  const failing = await scripted({ 'prompts/get': fail({ code: -32_000, message: `no ${token}` }) }, { bearer_token: token });
  const failed = await get(failing.id, { name: 'sample' });
  expect([failed.status, failed.body.message]).toEqual([502, 'no ******']);
});

test('pages are read to the end, and invalid descriptions are left out', async () => {
  const odd = [
    null,
    'prompt',
    { name: '' },
    { name: 7 },
    { name: 'x'.repeat(257) },
    { name: 'a\u0000b' },
    { name: 'bad arguments', arguments: [{ name: 7 }] },
    { name: 'odd', title: 7, description: ['no'], arguments: [{ name: 'ä', required: 'yes', description: 'lone \ud800 and \u0000' }] },
  ];
  const { id } = await scripted({
    'prompts/list': (asked, res) =>
      asked.params?.cursor
        ? answer({
            prompts: [
              { name: 'last', arguments: [{ name: 'a', required: true }, { name: 'a' }] },
              { name: 'odd', title: 'Another' },
            ],
          })(asked, res)
        : answer({ prompts: odd, nextCursor: 'more' })(asked, res),
  });
  expect((await list(id)).body).toEqual([
    {
      name: 'odd',
      title: null,
      description: null,
      arguments: [{ name: 'ä', title: null, description: 'lone \ufffd and \ufffd', required: false }],
    },
    { name: 'last', title: null, description: null, arguments: [{ name: 'a', title: null, description: null, required: true }] },
  ]);
});

test('a server without prompts has none', async () => {
  const server = await startSdkServer((tools) => tools.registerTool('tides', {}, () => ({ content: [] })));
  const id = await addServer(server.url);
  expect([(await list(id)).body, statusAndReason(await get(id, { name: 'any' }))]).toEqual([[], [400, 'prompt_not_found']]);
});

test('every kind of content is returned; the bytes decide the type of an image', async () => {
  const png = images.png.toString('base64');
  const contents = [
    { type: 'image', mimeType: 'image/jpeg', data: png },
    { type: 'image', mimeType: 'image/svg+xml', data: Buffer.from('<svg/>').toString('base64url') },
    { type: 'audio', mimeType: 'audio/wav', data: 'UklGRg==' },
    { type: 'resource_link', uri: 'file:///b', name: 'b', _meta: {} },
    { type: 'resource', resource: { uri: 'file:///c', blob: png } },
  ];
  const { id } = await scripted({ 'prompts/get': answer({ messages: contents.map((content) => ({ role: 'assistant', content })) }) });
  const { body } = await get(id, { name: 'sample' });
  expect(body.messages.map(({ content }: { content: object }) => content)).toEqual([
    { type: 'image', mime_type: 'image/png', data: png },
    { type: 'image', mime_type: 'image/svg+xml', data: Buffer.from('<svg/>').toString('base64') },
    { type: 'audio', mime_type: 'audio/wav', data: 'UklGRg==' },
    { type: 'resource_link', uri: 'file:///b', name: 'b', title: null, description: null, mime_type: null },
    { type: 'resource', uri: 'file:///c', mime_type: null, text: null, data: png },
  ]);
});

/** Only a server that hangs is waited for. */
const timeoutOf = (what: string) => (what === 'a server that hangs' ? 500 : 60_000);
/** Sends an event again and again, as fast as it is read. */
const flood =
  (line: string): PromptAnswers[string] =>
  (_message, res) => {
    const events = `${line}\n\n`.repeat(1_000);
    const send = () => {
      while (!res.destroyed) if (!res.write(events)) return void res.once('drain', send);
    };
    res.setHeader('content-type', 'text/event-stream');
    send();
  };
const huge = { type: 'text', text: 'x'.repeat(5 * 1024 * 1024) };
test.each<[string, PromptAnswers, string]>([
  ['a list that does not end', { 'prompts/list': answer({ prompts: [], nextCursor: 'again' }) }, 'upstream_invalid_response'],
  ['a flood of requests', { 'prompts/list': flood('data: {"jsonrpc":"2.0","id":1,"method":"ping"}')! }, 'upstream_invalid_response'],
  [
    'a flood of notifications',
    { 'prompts/list': flood('data: {"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}')! },
    'upstream_invalid_response',
  ],
  ['a flood of comments', { 'prompts/list': flood(':')! }, 'upstream_invalid_response'],
  ['a list that is no list', { 'prompts/list': answer({ prompts: 'none' }) }, 'upstream_invalid_response'],
  ['a huge list', { 'prompts/list': answer({ prompts: [{ name: 'a', description: huge.text }] }) }, 'upstream_invalid_response'],
  ['a list that fails', { 'prompts/list': fail({ code: -32_603, message: 'no list today' }) }, 'upstream_request_failed'],
  ['a rejected token', { initialize: (_message, res) => res.writeHead(403).end() }, 'upstream_request_failed'],
  [
    'no JSON',
    { 'prompts/list': (_message, res) => res.setHeader('content-type', 'application/json').end('{"a') },
    'upstream_invalid_response',
  ],
  ['a connection that is cut', { 'prompts/list': (_message, res) => res.destroy() }, 'upstream_unreachable'],
  ['a server that hangs', { 'prompts/list': () => undefined }, 'upstream_unreachable'],
])('%s is 502', async (what, answers, reason) => {
  const { id } = await scripted(answers, { call_timeout_ms: timeoutOf(what) });
  expect(statusAndReason(await list(id))).toEqual([502, reason]);
  expect(statusAndReason(await get(id, { name: 'sample' }))).toEqual([502, reason]);
});

test('everything that a list has counts towards its size', async () => {
  const { id, methods } = await scripted({ 'prompts/list': answer({ prompts: [], nextCursor: 'x'.repeat(3 * 1024 * 1024) }) });
  expect(statusAndReason(await list(id))).toEqual([502, 'upstream_invalid_response']);
  expect(methods.filter((method) => method === 'prompts/list')).toHaveLength(2);
});

test.each<[string, PromptAnswers['prompts/get'], string]>([
  ['a huge text', answer(message(huge)), 'upstream_invalid_response'],
  ['an unknown role', answer(message({ type: 'text', text: 'a' }, 'system')), 'upstream_invalid_response'],
  ['an unknown kind of content', answer(message({ type: 'video' })), 'upstream_invalid_response'],
  ['an empty resource', answer(message({ type: 'resource', resource: { uri: 'a' } })), 'upstream_invalid_response'],
  ['no messages', answer({}), 'upstream_invalid_response'],
  [
    'too many messages',
    answer({ messages: Array.from({ length: 1_001 }, () => ({ role: 'user', content: { type: 'text', text: 'a' } })) }),
    'upstream_invalid_response',
  ],
  ['another error', fail({ code: -32_603, message: 'broken' }), 'upstream_request_failed'],
  ['a server that hangs', () => undefined, 'upstream_unreachable'],
])('a prompt with %s is 502', async (what, given, reason) => {
  const { id } = await scripted({ 'prompts/get': given! }, { call_timeout_ms: timeoutOf(what) });
  const { status, body } = await get(id, { name: 'sample' });
  expect([status, body.details.reason, body.details.error_class]).toEqual([502, reason, expect.stringMatching(/^mcp\./)]);
});

test('a value that the server rejects is 400 with its message', async () => {
  const server = await startSdkServer((sdk) =>
    sdk.registerPrompt('dated', { argsSchema: { date: z.string().regex(/^\d{4}$/) } }, () => ({ messages: [] })),
  );
  const id = await addServer(server.url);
  const rejected = await get(id, { name: 'dated', arguments: { date: 'tomorrow' } });
  expect(statusAndReason(rejected)).toEqual([400, 'invalid_prompt_arguments']);
  expect(issuesOf(rejected)).toEqual([400, [['body', '/arguments']]]);
  expect((await get(id, { name: 'dated', arguments: { date: '2026' } })).body).toEqual({ description: null, messages: [] });
});

test('a server that may not ask is not told that it may', async () => {
  let capabilities: unknown;
  const { id } = await scripted(
    {
      initialize: (asked, res) => {
        capabilities = asked.params.capabilities;
        return answer({
          protocolVersion: asked.params.protocolVersion,
          capabilities: { prompts: {} },
          serverInfo: { name: 's', version: '1' },
        })(asked, res);
      },
    },
    { elicitation_enabled: true },
  );
  expect([(await list(id)).status, capabilities]).toEqual([200, {}]);
});
