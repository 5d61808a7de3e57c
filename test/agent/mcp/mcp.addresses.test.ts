import { expect, test } from 'vitest';
import { addMcpConfig, callToolText, openMcp, startHttpServer } from '../../support/agent/mcp.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';

const app = await sharedTestApp();
const secret = 'tok-secret-4f9c2a71b8d05e63';

// Stands in for the internal network. Every request that reaches it is recorded.
const internalServer = await startHttpServer((_req, res) => void res.end('{}'));
const innerPort = new URL(internalServer.url).port;
const addresses: Record<string, string[]> = {
  'private.test': ['10.0.0.1'],
  'metadata.test': ['169.254.169.254'],
  'mixed.test': ['93.184.216.34', '127.0.0.1'],
  'inner.test': ['127.0.0.1'],
  'nothing.test': [],
};
const resolved: string[] = [];
const resolve = async (name: string) => {
  resolved.push(name);
  return addresses[name] ?? [];
};

const person = await app.signUp();
const run = { account_id: person.accountId };

/** Makes this the account's only MCP server. */
async function setOnlyServer(fields: object) {
  await app.sql('delete from mcp_configs where account_id = $1', [person.accountId]);
  return addMcpConfig(app, person, { name: 'far', transport: 'streamable_http', bearer_token: secret, call_timeout_ms: 30_000, ...fields });
}

/** Stores a URL that the API would reject. */
async function storeUrl(url: string, transport: string) {
  const { id } = await setOnlyServer({ transport, url: 'https://mcp.example.test/mcp' });
  await app.sql('update mcp_configs set url = $2 where id = $1', [id, url]);
}

const strict = await openMcp(app, { outboundOptions: { allowLoopbackHttp: false, resolve } });

test.each([
  'http://169.254.169.254/latest/meta-data',
  `http://127.0.0.1:${innerPort}/mcp`,
  `http://2130706433:${innerPort}/mcp`,
  `http://localhost:${innerPort}/mcp`,
  `http://[::1]:${innerPort}/mcp`,
  `http://inner.test:${innerPort}/mcp`,
  `http://mixed.test:${innerPort}/mcp`,
  `http://private.test:${innerPort}/mcp`,
  `http://metadata.test/mcp`,
  `http://nothing.test/mcp`,
  `file:///etc/passwd`,
  'not a URL',
])('%s is not contacted', async (url) => {
  for (const transport of ['streamable_http', 'http_sse']) {
    await storeUrl(url, transport);
    const { tools, steps } = await strict.tools(run);
    expect(tools).toEqual([]);
    expect(steps).toMatchObject([{ data: { status: 'failed', servers: [{ outcome: 'failed', error_class: 'mcp.disconnected' }] } }]);
  }
  expect(internalServer.requests).toEqual([]);
});

const open = await openMcp(app, { outboundOptions: { resolve } });

/** A server with one tool. Path: `/<status>/<number of redirects>`. */
const remoteServer = await startHttpServer((req, res, body) => {
  const { pathname, searchParams } = new URL(req.url!, 'http://far');
  const [, status, hops] = pathname.split('/');
  if (Number(hops) > 0) {
    const next = `/${status}/${Number(hops) - 1}?${searchParams}`;
    const to = Number(hops) === 1 ? (searchParams.get('to') ?? next) : next;
    return res.writeHead(Number(status), { location: to }).end();
  }
  if (body?.id === undefined) return res.writeHead(202).end();
  const results: Record<string, object> = {
    initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
    'tools/list': { tools: [{ name: 'ping', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: 'pong' }] },
  };
  res.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: results[body.method] }));
});

async function toolsBehind(path: string) {
  await setOnlyServer({ url: `${remoteServer.url}${path}` });
  remoteServer.requests.length = 0;
  return open.tools(run);
}

test.each([
  ['/307/0', 1],
  ['/307/1', 1],
  ['/308/10', 1],
  ['/308/11', 0],
  ['/302/1', 0],
])('the redirect path %s (status, hops) yields %i tools', async (path, found) => {
  const { tools } = await toolsBehind(path);
  expect(tools).toHaveLength(found);
  if (found) expect(await callToolText(tools, 'mcp__far__ping')).toBe('pong');
  expect(remoteServer.requests.every(({ headers }) => headers.authorization === `Bearer ${secret}`)).toBe(true);
  if (path === '/308/11') expect(remoteServer.requests).toHaveLength(11);
});

test('the token is not sent to another origin after a redirect', async () => {
  const elsewhere = await startHttpServer((_req, res) => void res.writeHead(401).end());
  await toolsBehind(`/307/1?to=${encodeURIComponent(`${elsewhere.url}/mcp`)}`);
  expect(elsewhere.requests.map(({ headers, body }) => [headers.authorization, body.method])).toEqual([[undefined, 'initialize']]);
});

test('the fragment of a redirect location is not sent', async () => {
  for (const to of ['/mcp#part', '/mcp#']) {
    const { tools } = await toolsBehind(`/307/1?to=${encodeURIComponent(to)}`);
    expect(tools).toHaveLength(1);
    expect(await callToolText(tools, 'mcp__far__ping')).toBe('pong');
    expect(new Set(remoteServer.requests.map(({ url }) => url))).toEqual(new Set([`/307/1?to=${encodeURIComponent(to)}`, '/mcp']));
  }
});

test.each([
  ['elsewhere', () => `${internalServer.url}/messages`],
  ['in the inner network', () => `http://inner.test:${innerPort}/messages`],
  ['that is no URL', () => 'http://'],
])('a message endpoint %s is not contacted', async (_where, endpoint) => {
  const older = await startHttpServer((req, res) => {
    if (req.method !== 'GET') return res.writeHead(405).end();
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`event: endpoint\ndata: ${endpoint()}\n\n`);
  });
  await setOnlyServer({ transport: 'http_sse', url: `${older.url}/sse` });
  const { tools, steps } = await open.tools(run);
  expect([tools, steps]).toMatchObject([
    [],
    [{ data: { servers: [{ outcome: 'failed', error_class: expect.stringMatching(/^mcp\./) }] } }],
  ]);
  expect(older.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
  expect(internalServer.requests).toEqual([]);
});

test.each(['http://inner.test:PORT/', 'https://169.254.169.254/', 'file:///etc/passwd', 'http://private.test/', 'gopher://inner.test/'])(
  'a redirect to %s is not followed',
  async (to) => {
    const { steps } = await toolsBehind(`/307/1?to=${encodeURIComponent(to.replace('PORT', innerPort))}`);
    expect(steps).toMatchObject([{ data: { servers: [{ error_class: 'mcp.disconnected' }] } }]);
    expect(remoteServer.requests).toHaveLength(1);
    expect(internalServer.requests).toEqual([]);
  },
);

test('every name was resolved by the resolver of the outbound client', () => {
  expect(new Set(resolved)).toEqual(new Set(Object.keys(addresses)));
});
