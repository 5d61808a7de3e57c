import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { ToolFailure } from '../../../server/agent/tools/tool.ts';
import { addMcpConfig, callToolText, openMcp, startHttpServer } from '../../support/agent/mcp.ts';
import { toolNamed } from '../../support/agent/mcpScripted.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';

const app = await sharedTestApp();
const mcp = await openMcp(app);
const secret = 'tok-secret-4f9c2a71b8d05e63';

type Exchange = { id: unknown; post: ServerResponse; stream: ServerResponse; tell(message: object): void };

/** Behaviors by tool name. The POST is answered with 202 unless the behavior answers it. */
const behaviours: Record<string, (exchange: Exchange) => void> = {
  fine: ({ id, tell }) => tell({ id, result: { content: [{ type: 'text', text: 'fine' }] } }),
  fail: ({ id, tell }) => tell({ id, result: { content: [{ type: 'text', text: 'no' }], isError: true } }),
  refuse: ({ id, tell }) => tell({ id, error: { code: -32050, message: 'not now', data: 1 } }),
  status: ({ post }) => void post.writeHead(503).end('banner'),
  session: ({ post }) => void post.writeHead(404).end(),
  garbage: ({ stream }) => void stream.write('event: message\ndata: {nothing\n\n'),
  noMessage: ({ stream }) => void stream.write('event: message\ndata: {"hello": 1}\n\n'),
  huge: ({ stream }) => void stream.write(`event: message\ndata: ${'x'.repeat(5 * 1024 * 1024)}\n\n`),
  end: ({ stream }) => void stream.end(),
  cut: ({ stream }) => void stream.socket!.destroy(),
  cutPost: ({ post }) => void post.socket!.destroy(),
  silence: () => undefined,
};

/** A server of the HTTP+SSE transport (2024-11-05): responses arrive on one stream; a POST names its session. */
async function startOlder() {
  const sessions = new Map<string, ServerResponse>();
  const server = await startHttpServer((req, res, body) => {
    if (req.method === 'GET') {
      const session = String(sessions.size + 1);
      sessions.set(session, res);
      return res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`event: endpoint\ndata: /messages?session=${session}\n\n`);
    }
    const stream = sessions.get(new URL(req.url!, 'http://older').searchParams.get('session') ?? '');
    if (!stream) return res.writeHead(405).end();
    const tell = (message: object) => void stream.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
    const { id, method, params } = body;
    const capabilities = { tools: {} };
    if (method === 'initialize')
      tell({ id, result: { protocolVersion: '2024-11-05', capabilities, serverInfo: { name: 'old', version: '1' } } });
    if (method === 'tools/list') tell({ id, result: { tools: Object.keys(behaviours).map((name) => toolNamed(name)) } });
    if (method === 'tools/call') behaviours[params.name]!({ id, post: res, stream, tell });
    if (!res.writableEnded && !res.destroyed) res.writeHead(202).end();
  });
  return { ...server, sessions };
}

const older = await startOlder();
const person = await app.signUp();
await addMcpConfig(app, person, {
  name: 'old',
  transport: 'http_sse',
  url: `${older.url}/sse`,
  bearer_token: secret,
  call_timeout_ms: 30_000,
});
const { tools, steps } = await mcp.tools({ account_id: person.accountId });
const call = (name: string, signal?: AbortSignal) => callToolText(tools, `mcp__old__${name}`, {}, signal);

test('an HTTP+SSE server is called in its protocol, with the token', async () => {
  expect(steps).toEqual([]);
  expect(await call('fine')).toBe('fine');
  expect(older.requests.slice(0, 2).map(({ method, url }) => [method, url])).toEqual([
    ['POST', '/sse'],
    ['GET', '/sse'],
  ]);
  expect(older.requests.every(({ headers }) => headers.authorization === `Bearer ${secret}`)).toBe(true);
});

test.each([
  ['fail', 'mcp.tool_error'],
  ['refuse', 'mcp.rpc_error'],
  ['status', 'mcp.rpc_error'],
  ['session', 'mcp.rpc_error'],
  ['garbage', 'mcp.protocol_error'],
  ['noMessage', 'mcp.protocol_error'],
  ['huge', 'mcp.protocol_error'],
  ['end', 'mcp.disconnected'],
  ['cut', 'mcp.disconnected'],
  ['cutPost', 'mcp.disconnected'],
])('a call that ends with %s fails with %s, and the next call succeeds', async (name, errorClass) => {
  const failure = await call(name).catch((error: ToolFailure) => error.errorClass);
  expect([failure, await call('fine')]).toEqual([errorClass, 'fine']);
});

test('a call without a response times out', async () => {
  const failure = await call('silence', AbortSignal.timeout(100)).catch((error: ToolFailure) => error.errorClass);
  expect([failure, await call('fine')]).toEqual(['mcp.timeout', 'fine']);
});

test('an ended stream is not reopened until the next call', async () => {
  await call('end').catch(() => undefined);
  const begun = older.sessions.size;
  await new Promise((done) => setTimeout(done, 1_500));
  expect(older.sessions.size).toBe(begun);
});

test.each<[string, (res: ServerResponse) => void, string]>([
  ['is rejected', (res) => void res.writeHead(403).end('banner'), 'mcp.rpc_error'],
  ['is not an event stream', (res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'), 'mcp.protocol_error'],
  ['ends', (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(), 'mcp.disconnected'],
  ['is cut', (res) => void res.socket!.destroy(), 'mcp.disconnected'],
  ['sends no event', (res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': wait\n\n'), 'mcp.timeout'],
])('a server whose stream %s is skipped and reported', async (_what, answer, errorClass) => {
  const somebody = await app.signUp();
  const { url } = await startHttpServer((req, res) => (req.method === 'GET' ? answer(res) : void res.writeHead(404).end()));
  await addMcpConfig(app, somebody, {
    name: 'old',
    transport: 'http_sse',
    url,
    call_timeout_ms: errorClass === 'mcp.timeout' ? 1_000 : 30_000,
  });
  const found = await mcp.tools({ account_id: somebody.accountId });
  expect([found.tools, found.steps]).toMatchObject([[], [{ data: { servers: [{ error_class: errorClass }] } }]]);
});
