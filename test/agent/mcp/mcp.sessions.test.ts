import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Server } from '../../../server/agent/mcp/server.ts';
import { createServerFetch } from '../../../server/agent/mcp/transport/serverFetch.ts';
import { createOutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { addMcpConfig, callToolText, openMcp, scriptedServer, startEverything, startHttpServer } from '../../support/agent/mcp.ts';
import { toolNamed } from '../../support/agent/mcpScripted.ts';
import { type SessionError, startSdkServer } from '../../support/agent/mcpSdk.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const mcp = await openMcp(app);

const slow = { call_timeout_ms: 20_000 };
const says = (text: string) => ({ content: [{ type: 'text' as const, text }] });

/** Discovers the tools of a new account with one streamable HTTP server. */
async function discover(url: string) {
  const person = await app.signUpAdmin();
  const { id } = await addMcpConfig(app, person, { name: 'web', transport: 'streamable_http', url, ...slow });
  const find = async () => (await mcp.tools({ account_id: person.accountId })).tools;
  return { id, person, find, tools: await find() };
}

describe('a restarted server', () => {
  const refusals: SessionError[] = [
    { status: 404, message: 'Session not found' },
    { status: 400, message: 'Bad Request: No valid session ID provided' },
    { status: 400, message: 'Bad Request: Server not initialized' },
  ];
  test.each(refusals)('that rejects the session with %j gets a new session, and the first calls succeed', async (refusal) => {
    let calls = 0;
    const server = await startSdkServer((each) => void each.registerTool('ping', {}, async () => says(`pong ${++calls}`)), refusal);
    const { tools } = await discover(server.url);
    expect(await callToolText(tools, 'mcp__web__ping')).toBe('pong 1');
    await server.restart();
    const answers = await Promise.all([1, 2, 3].map(() => callToolText(tools, 'mcp__web__ping')));
    expect(answers.toSorted()).toEqual(['pong 2', 'pong 3', 'pong 4']);
    expect(server.count('initialize')).toBe(2);
  });

  test('with other tools provides them to the next run after the first call', async () => {
    let name = 'before';
    const server = await startSdkServer((each) => void each.registerTool(name, {}, async () => says(name)));
    const { find, tools } = await discover(server.url);
    name = 'after';
    await server.restart();
    await callToolText(tools, 'mcp__web__before').catch(() => undefined);
    expect((await find()).map((tool) => tool.name)).toEqual(['mcp__web__after']);
  });

  test('gets a call repeated once; the second failure is returned', async () => {
    let lost = false;
    const asked: string[] = [];
    const { url } = await startHttpServer((req, res, body) => {
      if (req.method !== 'POST') return res.writeHead(405).end();
      asked.push(body.method);
      if (body.id === undefined) return res.writeHead(202).end();
      if (lost && body.method === 'tools/call') return res.writeHead(404).end();
      const { protocolVersion } = body.params;
      const results: Record<string, object> = {
        initialize: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
        'tools/list': { tools: [toolNamed('ping')] },
      };
      res.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': `s-${asked.length}` });
      res.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: results[body.method] ?? says('pong') }));
    });
    const { tools } = await discover(url);
    lost = true;
    await expect(callToolText(tools, 'mcp__web__ping')).rejects.toMatchObject({
      errorClass: 'mcp.rpc_error',
      details: { status_code: 404 },
    });
    expect(asked.filter((method) => method === 'tools/call')).toHaveLength(2);
  });
});

describe('a server whose tools change', () => {
  test('notifies over streamable HTTP, and the next run gets the new list before the cache expires', async () => {
    const server = await startSdkServer((each) => void each.registerTool('first', {}, async () => says('1')));
    const { find, tools } = await discover(server.url);
    expect(tools.map(({ name }) => name)).toEqual(['mcp__web__first']);
    await eventually(async () => server.requests.some(({ method }) => method === 'GET'), 'the stream of the server');
    expect((await find()).length).toBe(1);
    expect(server.count('tools/list')).toBe(1);
    for (const each of server.servers()) each.registerTool('second', {}, async () => says('2'));
    await eventually(async () => (await find()).length === 2, 'the second tool');
  });

  test('notifies over stdio', async () => {
    const person = await app.signUpAdmin();
    await addMcpConfig(app, person, scriptedServer('own', {}, slow));
    const find = async () => (await mcp.tools({ account_id: person.accountId })).tools;
    const tools = await find();
    expect(await callToolText(tools, 'mcp__own__grow')).toBe('grown');
    await eventually(async () => (await find()).length === tools.length + 1, 'the tool that was added');
  });

  test('and whose stream ends immediately has it opened at most five times', async () => {
    const { url, requests } = await startHttpServer(
      (_req, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(': over\n\n'),
    );
    const outbound = createOutboundClient({ allowLoopbackHttp: true, trustFakeIp: false });
    onTestFinished(outbound.close);
    const fetch = createServerFetch(outbound, { url, bearerToken: '' } as Server, () => undefined);
    const statuses = [];
    for (let opened = 0; opened < 7; opened++) {
      const { status, body } = await fetch(url, { method: 'GET', headers: { 'mcp-protocol-version': '2025-06-18' } });
      statuses.push(status);
      await body?.cancel();
    }
    expect([statuses, requests.length]).toEqual([[200, 200, 200, 200, 200, 405, 405], 5]);
  });
});

describe('calls to one server', () => {
  test('run concurrently', async () => {
    let waiting: (() => void)[] = [];
    const together = () =>
      new Promise<void>((done) => {
        waiting.push(done);
        if (waiting.length < 3) return;
        for (const each of waiting) each();
        waiting = [];
      });
    const meet = async () => {
      await together();
      return says('met');
    };
    const server = await startSdkServer((each) => void each.registerTool('meet', {}, meet));
    const { tools } = await discover(server.url);
    expect(await Promise.all([1, 2, 3].map(() => callToolText(tools, 'mcp__web__meet')))).toEqual(['met', 'met', 'met']);
  });

  test('are parallel within a turn unless the annotations say that the tool is destructive', async () => {
    const person = await app.signUpAdmin();
    const hints: [name: string, annotations: object | undefined, parallel: boolean, sideEffects: boolean][] = [
      ['silent', undefined, true, true],
      ['reads', { readOnlyHint: true }, true, false],
      ['odd', { readOnlyHint: true, destructiveHint: true }, true, false],
      ['adds', { readOnlyHint: false, destructiveHint: false }, true, true],
      ['writes', { readOnlyHint: false }, false, true],
      ['removes', { destructiveHint: true }, false, true],
      ['broken', { destructiveHint: 'yes' }, true, true],
    ];
    const described = hints.map(([name, annotations]) => toolNamed(name, annotations && { annotations }));
    await addMcpConfig(app, person, scriptedServer('own', { tools: described }, slow));
    const { tools } = await mcp.tools({ account_id: person.accountId });
    expect(tools.map(({ parallel, sideEffects }) => [parallel, sideEffects])).toEqual(hints.map(([, , ...expected]) => expected));
  });
});

describe('requests of a server to the client', () => {
  /** Tools that request sampling or roots from the client, on their own or related to the call, and return the error code. */
  const asking = (server: McpServer) => {
    const told = (asked: Promise<unknown>) =>
      asked.then(
        () => says('answered'),
        ({ code }) => says(String(code)),
      );
    server.registerTool('roots', {}, async () => told(server.server.listRoots(undefined, { timeout: 10_000 })));
    const sample = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } };
    server.registerTool('sample', {}, async () => told(server.server.createMessage(sample.params as never, { timeout: 10_000 })));
    const related = (method: string, params: object) => async (extra: any) =>
      told(extra.sendRequest({ method, params }, { parse: (value: unknown) => value }, { timeout: 10_000 }));
    server.registerTool('rootsInCall', {}, related('roots/list', {}));
    server.registerTool('sampleInCall', {}, related(sample.method, sample.params));
    server.registerTool('capabilities', {}, async () => says(JSON.stringify(server.server.getClientCapabilities())));
  };

  test('are rejected immediately with "method not found", and no such capability is declared', async () => {
    const { tools } = await discover((await startSdkServer(asking)).url);
    for (const name of ['rootsInCall', 'sampleInCall', 'roots', 'sample'])
      expect([name, await callToolText(tools, `mcp__web__${name}`)]).toEqual([name, '-32601']);
    expect(await callToolText(tools, 'mcp__web__capabilities')).toBe('{}');
  });
});

test('a tool that runs only as a task is not listed', async () => {
  const person = await app.signUpAdmin();
  const described = ['required', 'optional', 'forbidden', 7].map((taskSupport, at) => toolNamed(`t${at}`, { execution: { taskSupport } }));
  await addMcpConfig(app, person, scriptedServer('own', { tools: described }, slow));
  const own = await mcp.tools({ account_id: person.accountId });
  expect(own.tools.map(({ name }) => name)).toEqual(['mcp__own__t1', 'mcp__own__t2', 'mcp__own__t3']);
  const { tools } = await discover(await startEverything('streamableHttp'));
  expect(tools.some(({ name }) => name.endsWith('echo'))).toBe(true);
  expect(tools.some(({ name }) => name.endsWith('simulate_research_query'))).toBe(false);
});
