import { expect, test } from 'vitest';
import { addConfig, openMcp, startHttp, use } from '../setup/mcp.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const secret = 'tok-secret-4f9c2a71b8d05e63';

// What stands for the inner network: it listens here, and whatever reaches it is counted.
const inner = await startHttp((_req, res) => void res.end('{}'));
const innerPort = new URL(inner.url).port;
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

const person = await world.signUp();
const run = { account_id: person.accountId };

/** The account has this server and no other. */
async function only(fields: object) {
  await world.sql('delete from mcp_configs where account_id = $1', [person.accountId]);
  return addConfig(world, person, { name: 'far', transport: 'streamable_http', bearer_token: secret, call_timeout_ms: 1_500, ...fields });
}

/** Puts a URL where the API would have refused it. */
async function plant(url: string, transport: string) {
  const { id } = await only({ transport, url: 'https://mcp.example.test/mcp' });
  await world.sql('update mcp_configs set url = $2 where id = $1', [id, url]);
}

const strict = await openMcp(world, { outboundOptions: { allowLoopbackHttp: false, resolve } });

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
    await plant(url, transport);
    const { tools, steps } = await strict.tools(run);
    expect(tools).toEqual([]);
    expect(steps).toMatchObject([{ data: { status: 'failed', servers: [{ outcome: 'failed', error_class: 'mcp.disconnected' }] } }]);
  }
  expect(inner.requests).toEqual([]);
});

const open = await openMcp(world, { outboundOptions: { resolve } });

/** A server with one tool behind as many redirects as its path says. */
const far = await startHttp((req, res, body) => {
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

async function behind(path: string) {
  await only({ url: `${far.url}${path}` });
  far.requests.length = 0;
  return open.tools(run);
}

test.each([
  ['/307/0', 1],
  ['/307/1', 1],
  ['/308/10', 1],
  ['/308/11', 0],
  ['/302/1', 0],
])('%s of redirects', async (path, found) => {
  const { tools } = await behind(path);
  expect(tools).toHaveLength(found);
  if (found) expect(await use(tools, 'mcp__far__ping')).toBe('pong');
  expect(far.requests.every(({ headers }) => headers.authorization === `Bearer ${secret}`)).toBe(true);
  if (path === '/308/11') expect(far.requests).toHaveLength(11);
});

test('the token does not go where a redirect leads', async () => {
  const elsewhere = await startHttp((_req, res) => void res.writeHead(401).end());
  await behind(`/307/1?to=${encodeURIComponent(`${elsewhere.url}/mcp`)}`);
  expect(elsewhere.requests.map(({ headers, body }) => [headers.authorization, body.method])).toEqual([[undefined, 'initialize']]);
});

test('a redirect may have a fragment, which is not sent', async () => {
  for (const to of ['/mcp#part', '/mcp#']) {
    const { tools } = await behind(`/307/1?to=${encodeURIComponent(to)}`);
    expect(tools).toHaveLength(1);
    expect(await use(tools, 'mcp__far__ping')).toBe('pong');
    expect(new Set(far.requests.map(({ url }) => url))).toEqual(new Set([`/307/1?to=${encodeURIComponent(to)}`, '/mcp']));
  }
});

test.each([
  ['elsewhere', () => `${inner.url}/messages`],
  ['in the inner network', () => `http://inner.test:${innerPort}/messages`],
  ['that is no URL', () => 'http://'],
])('a place for messages %s is not written to', async (_where, endpoint) => {
  const older = await startHttp((req, res) => {
    if (req.method !== 'GET') return res.writeHead(405).end();
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`event: endpoint\ndata: ${endpoint()}\n\n`);
  });
  await only({ transport: 'http_sse', url: `${older.url}/sse` });
  const { tools, steps } = await open.tools(run);
  expect([tools, steps]).toMatchObject([
    [],
    [{ data: { servers: [{ outcome: 'failed', error_class: expect.stringMatching(/^mcp\./) }] } }],
  ]);
  expect(older.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
  expect(inner.requests).toEqual([]);
});

test.each(['http://inner.test:PORT/', 'https://169.254.169.254/', 'file:///etc/passwd', 'http://private.test/', 'gopher://inner.test/'])(
  'a redirect to %s is not followed',
  async (to) => {
    const { steps } = await behind(`/307/1?to=${encodeURIComponent(to.replace('PORT', innerPort))}`);
    expect(steps).toMatchObject([{ data: { servers: [{ error_class: 'mcp.disconnected' }] } }]);
    expect(far.requests).toHaveLength(1);
    expect(inner.requests).toEqual([]);
  },
);

test('every name was resolved by the guarded way out', () => {
  expect(new Set(resolved)).toEqual(new Set(Object.keys(addresses)));
});
