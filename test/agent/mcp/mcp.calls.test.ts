import { describe, expect, test } from 'vitest';
import { ToolFailure } from '../../../server/agent/tools/tool.ts';
import { addMcpConfig, callToolText, isAlive, openMcp, scriptedServer, startHttpServer } from '../../support/agent/mcp.ts';
import { allCalls } from '../../support/agent/mcpScripted.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const mcp = await openMcp(app);
const secret = 'tok-secret-4f9c2a71b8d05e63';
const person = await app.signUp();
await app.promote(person);
await addMcpConfig(app, person, scriptedServer('bad', {}, { env: { TOKEN: secret, HOME: '/nowhere' } }));
const { tools } = await mcp.tools({ account_id: person.accountId });
const call = (name: string, args: object = {}, signal?: AbortSignal) => callToolText(tools, `mcp__bad__${name}`, args, signal);
const failure = (error: Promise<unknown>) =>
  error.then(
    () => 'it worked',
    ({ errorClass, details }: ToolFailure) => [errorClass, details],
  );

describe('a stdio server', () => {
  test('gets only the configured environment and runs in the root directory', async () => {
    expect(JSON.parse(await call('env'))).toEqual({ TOKEN: secret, HOME: '/nowhere' });
    expect(await call('where')).toBe('/');
  });

  test.each([
    ['fail', ['mcp.tool_error', { content: [{ type: 'text', text: 'it did not work' }] }]],
    ['refuse', ['mcp.rpc_error', { code: -32050, data: { retry: 5 } }]],
    ['unknown', ['mcp.protocol_error', { code: -32602 }]],
    ['notFound', ['mcp.protocol_error', { code: -32602 }]],
    ['garbage', ['mcp.protocol_error', undefined]],
    ['noresult', ['mcp.protocol_error', undefined]],
    ['noContent', ['mcp.protocol_error', undefined]],
    ['badId', ['mcp.protocol_error', undefined]],
    ['caseGame', ['mcp.protocol_error', undefined]],
    ['huge', ['mcp.protocol_error', undefined]],
    ['deep', ['mcp.protocol_error', undefined]],
    ['die', ['mcp.disconnected', undefined]],
  ])('that responds with %s fails that call only', async (name, expected) => {
    expect(await failure(call(name))).toEqual(expected);
    expect(await call('echo', { a: 1 })).toBe('{"a":1}');
  });

  test.each([
    [{ code: -32042, message: 'go there', data: { elicitations: [] } }],
    [{ code: -32022, message: 'no such version', data: { supported: ['1'] } }],
    [{ code: 0, message: 'nothing', data: {} }],
    [{ code: 7, message: '', data: null }],
    [{ code: -32602, message: 'an argument is wrong', data: 'text' }],
  ])('returns code and data of the JSON-RPC error %j', async (error) => {
    const { code, data } = error;
    expect(await failure(call('refuseWith', error))).toEqual(['mcp.rpc_error', { code, data }]);
  });

  test('that responds late or with another id causes a timeout, and a late response is not delivered to another call', async () => {
    expect(await failure(call('hang', {}, AbortSignal.timeout(100)))).toEqual(['mcp.timeout', undefined]);
    expect(await failure(call('otherId', {}, AbortSignal.timeout(100)))).toEqual(['mcp.timeout', undefined]);
    const pid = await call('pid');
    const hard = AbortSignal.abort(new ToolFailure('tool.hard_timeout', 'too long'));
    expect(await failure(call('echo', {}, hard))).toEqual(['mcp.timeout', undefined]);
    expect(await failure(call('late', { ms: 200 }, AbortSignal.timeout(50)))).toEqual(['mcp.timeout', undefined]);
    const answers = [];
    for (let at = 0; at < 20; at++) {
      answers.push(await call('echo', { at }));
      await new Promise((done) => setTimeout(done, 15));
    }
    expect(answers).toEqual(Array.from({ length: 20 }, (_, at) => `{"at":${at}}`));
    expect(await call('pid')).toBe(pid);
  });

  test('a cancelled run aborts its call with the reason of the cancellation', async () => {
    const stop = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => stop.abort(reason), 50);
    await expect(call('hang', {}, stop.signal)).rejects.toBe(reason);
  });

  test('that exits during twenty calls fails them all, and one new process serves the next twenty', async () => {
    const before = await call('pid');
    const earlier = Number(await call('hung'));
    const hanging = Array.from({ length: 20 }, () => failure(call('hang')));
    await eventually(async () => Number(await call('hung')) === earlier + 20, 'the arrival of twenty calls');
    expect(await failure(call('die'))).toEqual(['mcp.disconnected', undefined]);
    expect(new Set((await Promise.all(hanging)).map(String))).toEqual(new Set(['mcp.disconnected,']));
    const pids = new Set(await Promise.all(Array.from({ length: 20 }, () => call('pid'))));
    expect(pids.size).toBe(1);
    expect(pids.has(before)).toBe(false);
  });

  test('may send requests and notifications, and a 2 MiB response is accepted', async () => {
    expect(await call('asks')).toBe('asked');
    expect(await call('big')).toHaveLength(2 * 1024 * 1024);
  });

  test('that exits also terminates its child processes', async () => {
    const child = Number(await call('child'));
    expect(isAlive(child)).toBe(true);
    await failure(call('die'));
    await eventually(async () => !isAlive(child), 'the end of the child');
  });
});

describe('an HTTP server', async () => {
  const json = (id: unknown, result: unknown) => JSON.stringify({ jsonrpc: '2.0', id, result });
  const sse = (text: string) => `event: message\ndata: ${text}\n\n`;
  const answers: Record<string, (res: import('node:http').ServerResponse, id: unknown) => void> = {
    status: (res) => void res.writeHead(503).end('internal banner'),
    session: (res) => void res.writeHead(404).end(),
    html: (res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'),
    garbage: (res) => void res.end('{"jsonrpc": '),
    wrongShape: (res, id) => void res.end(JSON.stringify({ id, result: {} })),
    eventGarbage: (res) => void res.setHeader('content-type', 'text/event-stream').end(sse('{nothing')),
    streamEnd: (res) => void res.setHeader('content-type', 'text/event-stream').end(': nothing more\n\n'),
    cut: (res) => void res.socket!.destroy(),
    cutStream: (res) => {
      res.setHeader('content-type', 'text/event-stream').write(': soon\n\n');
      setTimeout(() => res.socket!.destroy(), 20);
    },
    hugeJson: (res, id) => void res.end(json(id, { content: [{ type: 'text', text: 'x'.repeat(5 * 1024 * 1024) }] })),
    hugeEvent: (res) => void res.setHeader('content-type', 'text/event-stream').end(`data: ${'x'.repeat(5 * 1024 * 1024)}\n\n`),
    manyEvents: (res, id) => {
      res.setHeader('content-type', 'text/event-stream');
      const note = sse(
        JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(100_000) } }),
      );
      for (let said = 0; said < 60; said++) res.write(note);
      res.end(sse(json(id, { content: [{ type: 'text', text: 'after 6 MB' }] })));
    },
    error: (res, id) => void res.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32603, message: 'no' } })),
    fine: (res, id) => void res.end(json(id, { content: [{ type: 'text', text: 'fine' }] })),
  };
  const { url, requests } = await startHttpServer((req, res, body) => {
    if (req.method === 'DELETE') return res.end();
    if (req.method === 'GET') return res.writeHead(405).end();
    if (body.id === undefined) return res.writeHead(202).end();
    res.setHeader('content-type', 'application/json');
    if (body.method === 'initialize') {
      const { protocolVersion } = body.params;
      const result = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } };
      return res.setHeader('mcp-session-id', `session-${requests.length}`).end(json(body.id, result));
    }
    if (body.method === 'tools/list') {
      const tools = Object.keys(answers).map((name) => ({ name, inputSchema: { type: 'object' } }));
      return res.setHeader('content-type', 'text/event-stream').end(sse(json(body.id, { tools })));
    }
    answers[body.params.name]!(res, body.id);
  });
  const somebody = await app.signUp();
  await addMcpConfig(app, somebody, { name: 'web', transport: 'streamable_http', url: `${url}/mcp`, bearer_token: secret });
  const offered = await mcp.tools({ account_id: somebody.accountId });
  const ask = (name: string) => callToolText(offered.tools, `mcp__web__${name}`);

  test('receives the headers and messages of the protocol', async () => {
    expect(await ask('fine')).toBe('fine');
    const [first, second] = requests;
    expect(first!.body).toMatchObject({
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', clientInfo: { name: 'arkloop', version: expect.any(String) } },
    });
    expect(second!.body).toEqual({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const last = requests.at(-1)!;
    expect(last.headers).toMatchObject({
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${secret}`,
      'mcp-protocol-version': '2025-06-18',
    });
    expect(last.headers['mcp-session-id']).toMatch(/^session-/);
    // The client tries to open a stream for server messages; this server has none (405).
    expect(requests.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  test.each([
    ['status', ['mcp.rpc_error', { status_code: 503 }]],
    ['session', ['mcp.rpc_error', { status_code: 404 }]],
    ['error', ['mcp.rpc_error', { code: -32603 }]],
    ['html', ['mcp.protocol_error', undefined]],
    ['garbage', ['mcp.protocol_error', undefined]],
    ['wrongShape', ['mcp.protocol_error', undefined]],
    ['eventGarbage', ['mcp.protocol_error', undefined]],
    ['hugeJson', ['mcp.protocol_error', undefined]],
    ['hugeEvent', ['mcp.protocol_error', undefined]],
    ['streamEnd', ['mcp.disconnected', undefined]],
    ['cut', ['mcp.disconnected', undefined]],
    ['cutStream', ['mcp.disconnected', undefined]],
  ])('that returns %s fails that call only', async (name, expected) => {
    expect(await failure(ask(name))).toEqual(expected);
    expect(await ask('fine')).toBe('fine');
  });

  test('that lost its session gets a new one, and the call is repeated once', async () => {
    const begun = () => requests.filter(({ body }) => body?.method === 'initialize').length;
    const before = begun();
    await ask('fine');
    expect(begun()).toBe(before);
    await failure(ask('session'));
    expect(begun()).toBe(before + 1);
    await ask('fine');
    expect(begun()).toBe(before + 2);
  });

  test('may send many events before its response', async () => {
    expect(await ask('manyEvents')).toBe('after 6 MB');
  });

  test('returns the same error message for every connection failure, without response bodies', async () => {
    const message = (promise: Promise<unknown>) => promise.then(String, (error: Error) => error.message);
    expect(await message(ask('cut'))).toBe(await message(ask('streamEnd')));
    expect(await message(ask('status'))).not.toContain('banner');
  });
});

test('all tools of the scripted server were offered', () => {
  expect(tools).toHaveLength(allCalls.length);
});
