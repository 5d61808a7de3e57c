import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Mcp } from '../../server/agent/mcp/mcp.ts';
import { addConfig, openMcp, scripted, startHttp, use } from '../setup/mcp.ts';
import { type Script, toolNamed } from '../setup/mcpScripted.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const mcp = await openMcp(world);

async function chief(): Promise<Person> {
  const person = await world.signUp();
  await world.promote(person);
  return person;
}

async function discover({ accountId }: Person, by: Mcp = mcp) {
  const { tools, steps } = await by.tools({ account_id: accountId });
  const data = steps[0]?.data as Record<string, any> | undefined;
  return { tools, names: tools.map(({ name }) => name), data };
}

/** A server of HTTP with one tool, which counts how often it was asked for its list. */
async function startCounted(around: (req: IncomingMessage, res: ServerResponse, next: () => void) => void = (_req, _res, next) => next()) {
  const http = await startHttp((req, res, body) =>
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

describe('the tools of servers', () => {
  test('have names, descriptions and schemas for a model; what is no tool is skipped, and the product’s own names win', async () => {
    const person = await chief();
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
    await addConfig(world, person, scripted('my files', { tools }));
    await addConfig(world, person, scripted('my-files', { tools: [toolNamed('read'), toolNamed('write')] }));
    const own = await openMcp(world, { isBuiltin: (name) => name === 'mcp__my_files__taken' });
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

  test('are read page by page, and a thousand of them at most', async () => {
    const person = await chief();
    await addConfig(world, person, scripted('pages', { pages: [[toolNamed('a')], [], [toolNamed('b')]] }));
    await addConfig(world, person, scripted('many', { list: 'many' }));
    await addConfig(world, person, scripted('none', { bare: true, list: 'nothing' }));
    const { names } = await discover(person);
    expect(names.filter((name) => name.startsWith('mcp__pages'))).toEqual(['mcp__pages__a', 'mcp__pages__b']);
    expect(names.filter((name) => name.startsWith('mcp__many'))).toHaveLength(1_000);
    expect(names).toHaveLength(1_002);
  });

  test('of one account are not those of another, nor those of a server that is off', async () => {
    const [person, other] = [await chief(), await chief()];
    await addConfig(world, person, scripted('mine', { tools: [toolNamed('a')] }));
    const off = await addConfig(world, person, scripted('off', { tools: [toolNamed('b')] }));
    await world.call('PATCH', `/v1/mcp-configs/${off.id}`, { token: person.token, body: { is_active: false } });
    expect([(await discover(person)).names, (await discover(other)).names]).toEqual([['mcp__mine__a'], []]);
  });
});

describe('a server that fails', () => {
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

  test('is left out and reported, and the others are there', async () => {
    const person = await chief();
    for (const [what, script] of hopeless) await addConfig(world, person, scripted(what, script, { call_timeout_ms: 2_000 }));
    await addConfig(world, person, scripted('no program', {}, { command: '/no/such/program' }));
    await addConfig(world, person, web('nobody', 'http://127.0.0.1:9/mcp'));
    await addConfig(world, person, scripted('good', { tools: [toolNamed('a')] }, { call_timeout_ms: 10_000 }));
    const started = performance.now();
    const { names, data } = await discover(person);
    expect(performance.now() - started).toBeLessThan(9_000);
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
  }, 20_000);

  test('whose secrets do not open is one of them', async () => {
    const person = await chief();
    const { id } = await addConfig(world, person, scripted('sealed', {}, { env: { A: 'secret value' } }));
    await addConfig(world, person, scripted('good', { tools: [toolNamed('a')] }));
    await world.sql(`update mcp_configs set env_sealed = set_byte(env_sealed, 40, (get_byte(env_sealed, 40) + 1) % 256) where id = $1`, [
      id,
    ]);
    const { names, data } = await discover(person);
    expect([names, data!.server_failed]).toEqual([['mcp__good__a'], 1]);
  });

  test('is asked again by the next run, and one that is slow is reported', async () => {
    const person = await chief();
    let [down, waitMs] = [true, 0];
    const server = await startCounted((_req, res, next) => void (down ? res.writeHead(502).end() : setTimeout(next, waitMs)));
    await addConfig(world, person, web('flaky', server.url));
    expect((await discover(person)).data).toMatchObject({ status: 'failed', servers: [{ error_class: 'mcp.rpc_error' }] });
    [down, waitMs] = [false, 1_100];
    const { names, data } = await discover(person);
    expect([names, data!.status, data!.server_failed]).toEqual([['mcp__flaky__ping'], 'slow', 0]);
    const again = await discover(person);
    expect([again.names, again.data]).toEqual([['mcp__flaky__ping'], undefined]);
  }, 15_000);

  test('does not hold up a run that is stopped', async () => {
    const person = await chief();
    await addConfig(world, person, scripted('silent', { begin: 'nothing' }, { call_timeout_ms: 60_000 }));
    const reason = new Error('cancelled');
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 100);
    await expect(mcp.tools({ account_id: person.accountId }, stop.signal)).rejects.toBe(reason);
  });
});

describe('what was found', () => {
  test('is remembered for a while, also by twenty runs at once, until the server changes', async () => {
    const person = await chief();
    const server = await startCounted();
    const { id } = await addConfig(world, person, web('one', server.url));
    await Promise.all(Array.from({ length: 20 }, () => discover(person)));
    expect((await discover(person)).names).toEqual(['mcp__one__ping']);
    expect(server.lists()).toBe(1);
    await addConfig(world, person, web('two', server.url));
    expect((await discover(person)).names).toEqual(['mcp__one__ping', 'mcp__two__ping']);
    expect(server.lists()).toBe(2);
    const path = `/v1/mcp-configs/${id}`;
    await world.call('PATCH', path, { token: person.token, body: { name: 'first' } });
    expect((await discover(person)).names).toEqual(['mcp__first__ping', 'mcp__two__ping']);
    await world.call('DELETE', path, { token: person.token });
    expect((await discover(person)).names).toEqual(['mcp__two__ping']);
    expect(server.lists()).toBe(3);
  });

  test.each([
    ['the time is 0', { config: { ...world.config, mcpCacheTtlSeconds: 0 } }],
    ['changes are not told of', { changes: { announce: () => undefined, on: () => undefined, onState: () => undefined } }],
  ])('is not remembered where %s', async (_when, deps) => {
    const person = await chief();
    const server = await startCounted();
    await addConfig(world, person, web('one', server.url));
    const forgetful = await openMcp(world, deps);
    await discover(person, forgetful);
    await discover(person, forgetful);
    expect(server.lists()).toBe(2);
  });
});

describe('servers elsewhere', () => {
  test('are skipped and not called where the entitlement says no; programs stay', async () => {
    const person = await chief();
    const server = await startCounted();
    await addConfig(world, person, web('far', server.url));
    await addConfig(world, person, scripted('near', { tools: [toolNamed('echo')] }));
    const { tools } = await discover(person);
    expect(await use(tools, 'mcp__far__ping')).toBe('pong');
    const posts = () => server.requests.filter(({ method }) => method === 'POST').length;
    const asked = posts();
    await world.sql(
      `insert into entitlement_overrides (account_id, id, key, value, value_type)
       values ($1, gen_random_uuid(), 'feature.mcp_remote_enabled', 'false', 'boolean')`,
      [person.accountId],
    );
    const fresh = await openMcp(world);
    expect((await discover(person, fresh)).names).toEqual(['mcp__near__echo']);
    await expect(use(tools, 'mcp__far__ping')).rejects.toMatchObject({ errorClass: 'mcp.disconnected' });
    expect(posts()).toBe(asked);
    expect(await use(tools, 'mcp__near__echo')).toBe('{}');
  });
});
