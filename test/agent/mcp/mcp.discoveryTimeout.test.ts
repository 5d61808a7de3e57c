import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { addMcpConfig, openMcp, scriptedServer, startHttpServer } from '../../support/agent/mcp.ts';
import { toolNamed } from '../../support/agent/mcpScripted.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const wait = (mcpDiscoveryTimeoutMs: number) => ({ config: { ...app.config, mcpDiscoveryTimeoutMs } });

/** An HTTP server that holds all requests until `letGo()`. */
async function startHung() {
  const held: { body: any; res: ServerResponse }[] = [];
  let isHung = true;
  const answer = ({ body, res }: (typeof held)[number]) => {
    if (body?.id === undefined) return res.writeHead(body ? 202 : 405).end();
    const { id, method, params } = body;
    const capabilities = { tools: {} };
    const initialized = { protocolVersion: params?.protocolVersion, capabilities, serverInfo: { name: 's', version: '1' } };
    const result = method === 'initialize' ? initialized : { tools: [toolNamed('ping')] };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  };
  const { url, requests } = await startHttpServer((_req, res, body) => (isHung ? held.push({ body, res }) : answer({ body, res })));
  return {
    url,
    begun: () => requests.filter(({ body }) => body?.method === 'initialize').length,
    letGo() {
      isHung = false;
      for (const each of held.splice(0)) answer(each);
    },
  };
}

/** An account with one server that hangs. */
async function openAccount(own = wait(500)) {
  const mcp = await openMcp(app, own);
  const person = await app.signUp();
  await app.promote(person);
  const hung = await startHung();
  const fields = { name: 'hung', transport: 'streamable_http', url: hung.url, call_timeout_ms: 40_000 };
  const { id } = await addMcpConfig(app, person, fields);
  const discover = async () => {
    const started = performance.now();
    const { tools, steps } = await mcp.tools({ account_id: person.accountId });
    const servers = (steps[0]?.data as { servers?: { server_id: string; error_class?: string; duration_ms: number }[] })?.servers;
    const found = servers?.find(({ server_id }) => server_id === id);
    return {
      names: tools.map(({ name }) => name),
      errorClass: found?.error_class,
      hungMs: found?.duration_ms,
      ms: performance.now() - started,
    };
  };
  const patch = (body: object) => app.call('PATCH', `/v1/mcp-configs/${id}`, { token: person.token, body });
  return { person, hung, discover, patch };
}

test('a server that hangs delays one run up to the discovery timeout and the next runs not at all', async () => {
  const { hung, discover } = await openAccount();
  const first = await discover();
  expect([first.names, first.errorClass]).toEqual([[], 'mcp.timeout']);
  expect(first.hungMs).toTakeLessThan(20_000);
  const next = await Promise.all(Array.from({ length: 5 }, discover));
  expect(next.map(({ names, errorClass }) => [names, errorClass])).toEqual(next.map(() => [[], 'mcp.timeout']));
  expect(Math.max(...next.map(({ hungMs }) => hungMs!))).toTakeLessThan(400);
  await expect.poll(hung.begun).toBe(1);
});

test('other servers of the account are available, a slow one as soon as it has started', async () => {
  const { person, hung, discover } = await openAccount();
  await addMcpConfig(app, person, scriptedServer('good', { tools: [toolNamed('a')] }, { call_timeout_ms: 20_000 }));
  await eventually(async () => (await discover()).names[0] === 'mcp__good__a', 'the tool of the program');
  await expect.poll(hung.begun).toBe(1);
});

test('a configuration change contacts the server again immediately', async () => {
  const { hung, discover, patch } = await openAccount();
  await discover();
  hung.letGo();
  expect((await patch({ call_timeout_ms: 30_000 })).status).toBe(200);
  await eventually(async () => (await discover()).names.length === 1, 'the tool of the server');
  expect(hung.begun()).toBeGreaterThan(1);
});

test('a response after the discovery timeout is used by the next run', async () => {
  const { hung, discover } = await openAccount();
  expect((await discover()).names).toEqual([]);
  hung.letGo();
  await eventually(async () => (await discover()).names.length === 1, 'the tool of the server');
  expect(hung.begun()).toBe(1);
});
