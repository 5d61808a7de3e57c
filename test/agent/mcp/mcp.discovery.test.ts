import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Mcp } from '../../../server/agent/mcp/mcp.ts';
import { addMcpConfig, callToolText, openMcp, scriptedServer, startHttpServer } from '../../support/agent/mcp.ts';
import { type Script, toolNamed } from '../../support/agent/mcpScripted.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';

const app = await sharedTestApp();
const mcp = await openMcp(app);

async function discover({ accountId }: Person, by: Mcp = mcp) {
  const { tools, steps } = await by.tools({ account_id: accountId });
  const data = steps[0]?.data as Record<string, any> | undefined;
  return { tools, names: tools.map(({ name }) => name), data };
}

/** An HTTP server with one tool, which counts the `tools/list` requests. */
async function startCounted(around: (req: IncomingMessage, res: ServerResponse, next: () => void) => void = (_req, _res, next) => next()) {
  const http = await startHttpServer((req, res, body) =>
    around(req, res, () => {
      if (body?.id === undefined) return res.writeHead(202).end();
      const { method, params } = body;
      const results: Record<string, object> = {
        initialize: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
        'tools/list': { tools: [toolNamed('ping')] },
        'tools/call': { content: [{ type: 'text', text: 'pong' }] },
      };
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: results[method] }));
    }),
  );
  return { ...http, lists: () => http.requests.filter(({ body }) => body?.method === 'tools/list').length };
}
const web = (name: string, url: string, more: object = {}) => ({ name, transport: 'streamable_http', url, ...more });

describe('MCP tools', () => {
  test('have model names, descriptions and schemas; invalid tools and names of built-in tools are skipped', async () => {
    const person = await app.signUpAdmin();
    const schema = { type: 'object', properties: { q: { type: 'string', 'x-own': [1] } }, required: ['q'], $defs: { a: {} } };
    const tools = [
      { name: 'read', title: 'Read', description: 'Reads', inputSchema: schema, outputSchema: { type: 'nonsense' } },
      { name: 'titled', title: 'Has a title', inputSchema: { type: 'object' } },
      { name: 'bare', description: '', inputSchema: { type: 'object' } },
      { name: 'odd', description: 7, inputSchema: { type: 'object' } },
      { name: 'taken', inputSchema: { type: 'object' } },
      { name: '', inputSchema: { type: 'object' } },
      { name: 'no schema' },
      { name: 'array', inputSchema: { type: 'array' } },
      { name: 7, inputSchema: { type: 'object' } },
      null,
      'tool',
      { name: '../../x', inputSchema: { type: 'object' } },
    ];
    await addMcpConfig(app, person, scriptedServer('my files', { tools }));
    await addMcpConfig(app, person, scriptedServer('my-files', { tools: [toolNamed('read'), toolNamed('write')] }));
    const own = await openMcp(app, { isBuiltin: (name) => name === 'mcp__my_files__taken' });
    const { tools: offered, names, data } = await discover(person, own);
    const hash = (raw: string) => createHash('sha256').update(raw).digest('hex').slice(0, 8);
    expect(names).toEqual([
      `mcp__my_files__read__${hash('mcp__my files__read')}`,
      'mcp__my_files__titled',
      'mcp__my_files__bare',
      'mcp__my_files__odd',
      'mcp__my_files__x',
      `mcp__my_files__read__${hash('mcp__my-files__read')}`,
      'mcp__my_files__write',
    ]);
    expect(offered[0]).toMatchObject({ description: 'Reads', parameters: schema, group: 'mcp__my_files' });
    expect(offered.slice(1, 4).map(({ description }) => description)).toEqual(['Has a title', 'MCP tool: bare', 'MCP tool: odd']);
    expect(data).toBeUndefined();
  });

  test('are read page by page, up to 1,000 per server', async () => {
    const person = await app.signUpAdmin();
    await addMcpConfig(app, person, scriptedServer('pages', { pages: [[toolNamed('a')], [], [toolNamed('b')]] }));
    await addMcpConfig(app, person, scriptedServer('many', { list: 'many' }));
    await addMcpConfig(app, person, scriptedServer('none', { bare: true, list: 'nothing' }));
    const { names } = await discover(person);
    expect(names.filter((name) => name.startsWith('mcp__pages'))).toEqual(['mcp__pages__a', 'mcp__pages__b']);
    expect(names.filter((name) => name.startsWith('mcp__many'))).toHaveLength(1_000);
    expect(names).toHaveLength(1_002);
  });

  test('exclude those of other accounts and of inactive servers', async () => {
    const [person, other] = [await app.signUpAdmin(), await app.signUpAdmin()];
    await addMcpConfig(app, person, scriptedServer('mine', { tools: [toolNamed('a')] }));
    const off = await addMcpConfig(app, person, scriptedServer('off', { tools: [toolNamed('b')] }));
    await app.call('PATCH', `/v1/mcp-configs/${off.id}`, { token: person.token, body: { is_active: false } });
    expect([(await discover(person)).names, (await discover(other)).names]).toEqual([['mcp__mine__a'], []]);
  });
});

describe('a failing server', () => {
  const hopeless: [what: string, script: Script, errorClass: string][] = [
    ['silence', { begin: 'nothing' }, 'mcp.timeout'],
    ['chatter', { begin: 'garbage' }, 'mcp.protocol_error'],
    ['old', { begin: 'old' }, 'mcp.protocol_error'],
    ['exit', { begin: 'exit' }, 'mcp.disconnected'],
    ['no list', { list: 'nothing' }, 'mcp.timeout'],
    ['huge list', { list: 'huge' }, 'mcp.protocol_error'],
    ['endless list', { list: 'endless' }, 'mcp.protocol_error'],
    ['broken list', { list: 'garbage' }, 'mcp.protocol_error'],
    ['wrong list', { list: 'wrong' }, 'mcp.protocol_error'],
    ['refused list', { list: 'error' }, 'mcp.rpc_error'],
  ];

  test('is skipped and reported, and the other servers are available', async () => {
    const person = await app.signUpAdmin();
    for (const [what, script, errorClass] of hopeless)
      await addMcpConfig(app, person, scriptedServer(what, script, { call_timeout_ms: errorClass === 'mcp.timeout' ? 2_000 : 30_000 }));
    await addMcpConfig(app, person, scriptedServer('no program', {}, { command: '/no/such/program' }));
    await addMcpConfig(app, person, web('nobody', 'http://127.0.0.1:9/mcp'));
    await addMcpConfig(app, person, scriptedServer('good', { tools: [toolNamed('a')] }));
    const started = performance.now();
    const { names, data } = await discover(person);
    expect(performance.now() - started).toTakeLessThan(9_000);
    expect(names).toEqual(['mcp__good__a']);
    expect(data).toMatchObject({
      status: 'failed',
      threshold_ms: 3_000,
      cache_hit: false,
      cache_ttl_seconds: 60,
      server_count: 13,
      server_ok: 1,
      server_failed: 12,
      server_empty: 0,
      tool_count: 1,
    });
    const classes = [...hopeless.map(([, , errorClass]) => errorClass), 'mcp.disconnected', 'mcp.disconnected', undefined];
    expect(data!.servers.map((server: any) => server.error_class)).toEqual(classes);
    expect(data!.servers.at(-1)).toEqual({
      server_id: expect.any(String),
      transport: 'stdio',
      duration_ms: expect.any(Number),
      outcome: 'ok',
    });
  });

  test('is one whose secrets cannot be decrypted', async () => {
    const person = await app.signUpAdmin();
    const { id } = await addMcpConfig(app, person, scriptedServer('sealed', {}, { env: { A: 'secret value' } }));
    await addMcpConfig(app, person, scriptedServer('good', { tools: [toolNamed('a')] }));
    await app.sql(`update mcp_configs set env_sealed = set_byte(env_sealed, 40, (get_byte(env_sealed, 40) + 1) % 256) where id = $1`, [id]);
    const { names, data } = await discover(person);
    expect([names, data!.server_failed]).toEqual([['mcp__good__a'], 1]);
  });

  test('is contacted again by the next run, and a slow server is reported', async () => {
    const person = await app.signUpAdmin();
    let [down, waitMs] = [true, 0];
    const server = await startCounted((_req, res, next) => void (down ? res.writeHead(502).end() : setTimeout(next, waitMs)));
    await addMcpConfig(app, person, web('flaky', server.url));
    expect((await discover(person)).data).toMatchObject({ status: 'failed', servers: [{ error_class: 'mcp.rpc_error' }] });
    [down, waitMs] = [false, 1_100];
    const { names, data } = await discover(person);
    expect([names, data!.status, data!.server_failed]).toEqual([['mcp__flaky__ping'], 'slow', 0]);
    const again = await discover(person);
    expect([again.names, again.data]).toEqual([['mcp__flaky__ping'], undefined]);
  });

  test('does not delay a stopped run', async () => {
    const person = await app.signUpAdmin();
    await addMcpConfig(app, person, scriptedServer('silent', { begin: 'nothing' }, { call_timeout_ms: 60_000 }));
    const reason = new Error('cancelled');
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 100);
    const started = performance.now();
    await expect(mcp.tools({ account_id: person.accountId }, stop.signal)).rejects.toBe(reason);
    expect(performance.now() - started).toTakeLessThan(10_000);
  });
});

describe('the discovery cache', () => {
  test('serves concurrent and later runs until the configuration changes', async () => {
    const person = await app.signUpAdmin();
    const server = await startCounted();
    const { id } = await addMcpConfig(app, person, web('one', server.url));
    await Promise.all(Array.from({ length: 20 }, () => discover(person)));
    expect((await discover(person)).names).toEqual(['mcp__one__ping']);
    expect(server.lists()).toBe(1);
    await addMcpConfig(app, person, web('two', server.url));
    expect((await discover(person)).names).toEqual(['mcp__one__ping', 'mcp__two__ping']);
    expect(server.lists()).toBe(2);
    const path = `/v1/mcp-configs/${id}`;
    await app.call('PATCH', path, { token: person.token, body: { name: 'first' } });
    expect((await discover(person)).names).toEqual(['mcp__first__ping', 'mcp__two__ping']);
    await app.call('DELETE', path, { token: person.token });
    expect((await discover(person)).names).toEqual(['mcp__two__ping']);
    expect(server.lists()).toBe(3);
  });

  test.each([
    ['the TTL is 0', { config: { ...app.config, mcpCacheTtlSeconds: 0 } }],
    [
      'no invalidation messages arrive',
      { changes: { invalidate: () => undefined, on: () => undefined, onConnectionChange: () => undefined } },
    ],
  ])('is off if %s', async (_when, deps) => {
    const person = await app.signUpAdmin();
    const server = await startCounted();
    await addMcpConfig(app, person, web('one', server.url));
    const forgetful = await openMcp(app, deps);
    await discover(person, forgetful);
    await discover(person, forgetful);
    expect(server.lists()).toBe(2);
  });
});

describe('remote servers', () => {
  test('are neither listed nor called without the entitlement; stdio servers are', async () => {
    const person = await app.signUpAdmin();
    const server = await startCounted();
    await addMcpConfig(app, person, web('far', server.url));
    await addMcpConfig(app, person, scriptedServer('near', { tools: [toolNamed('echo')] }));
    const { tools } = await discover(person);
    expect(await callToolText(tools, 'mcp__far__ping')).toBe('pong');
    const posts = () => server.requests.filter(({ method }) => method === 'POST').length;
    const asked = posts();
    await app.sql(
      `insert into entitlement_overrides (account_id, id, key, value, value_type)
       values ($1, gen_random_uuid(), 'feature.mcp_remote_enabled', 'false', 'boolean')`,
      [person.accountId],
    );
    const fresh = await openMcp(app);
    expect((await discover(person, fresh)).names).toEqual(['mcp__near__echo']);
    await expect(callToolText(tools, 'mcp__far__ping')).rejects.toMatchObject({ errorClass: 'mcp.disconnected' });
    expect(posts()).toBe(asked);
    expect(await callToolText(tools, 'mcp__near__echo')).toBe('{}');
  });
});
