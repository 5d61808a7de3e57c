import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../setup/conversation.ts';
import { temporaryFolder } from '../setup/instance.ts';
import { addConfig, openMcp, scripted, use } from '../setup/mcp.ts';
import { toolNamed } from '../setup/mcpScripted.ts';
import { reasonOf } from '../setup/walk.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MCP_STDIO_ALLOWLIST: `${process.execPath}, /bin/true` }, { worker: false });
const log: string[] = [];
const mcp = await openMcp(world, { log });
const chief = await world.signUp();
await world.promote(chief);
const run = { account_id: chief.accountId };
const create = (token: string, fields: object) => world.call('POST', '/v1/mcp-configs', { token, body: { transport: 'stdio', ...fields } });

test('a program that is not on the list of the installation is not taken, from nobody', async () => {
  const { token } = await world.signUp();
  for (const command of ['/bin/sh', 'true', '/bin/true ; /bin/sh', `${process.execPath},/bin/true`, '/bin/../bin/true']) {
    expect(reasonOf(await create(chief.token, { name: 'shell', command }))).toEqual([403, 'command_not_allowed']);
    expect(reasonOf(await create(token, { name: 'shell', command }))).toEqual([403, 'stdio_requires_platform_admin']);
  }
  expect(await world.sql('select 1 from mcp_configs')).toEqual([]);
  expect((await create(chief.token, { name: 'true', command: '/bin/true' })).status).toBe(201);
});

test('nor is one started that was stored before', async () => {
  const canary = join(await temporaryFolder(), 'canary');
  const { id } = await addConfig(world, chief, scripted('old', {}));
  await addConfig(world, chief, scripted('good', { tools: [toolNamed('echo')] }));
  await world.sql(`update mcp_configs set command = '/bin/touch', args = array[$2] where id = $1`, [id, canary]);
  const { tools, steps } = await mcp.tools(run);
  expect(tools.map(({ name }) => name)).toEqual(['mcp__good__echo']);
  const { servers } = steps[0]!.data as unknown as { servers: object[] };
  expect(servers).toContainEqual(expect.objectContaining({ server_id: id, outcome: 'failed', error_class: 'mcp.disconnected' }));
  expect(existsSync(canary)).toBe(false);
  const free = await openMcp(world, { config: { ...world.config, mcpStdioAllowlist: undefined } });
  await free.tools(run);
  expect(existsSync(canary)).toBe(true);
});

test('what a program says aside is logged by lines of at most 1 024 bytes, without its secrets', async () => {
  const secret = 'tok-secret-4f9c2a71b8d05e63';
  const long = Array.from({ length: 1_200 }, (_, at) => `k${1_000 + at}`).join('');
  const key = ['-----BEGIN KEY-----', 'b1c2d3e4f5a6b7c8', 'd9e8f7a6b5c4d3e2'];
  await addConfig(world, chief, scripted('loud', {}, { env: { SECRET: secret, LONG: long, KEY: key.join('\n'), SHORT: 'a' } }));
  const { tools } = await mcp.tools(run);
  const said = [
    `first ${secret}`,
    '',
    'é'.repeat(5_000),
    `${'a'.repeat(1_015)}${secret}`,
    long.repeat(4),
    ...key,
    'x'.repeat(40_000),
    'last',
  ];
  await use(tools, 'mcp__loud__whisper', { line: `${said.join('\n')}\n` });
  const lines = () => log.map((line) => JSON.parse(line).line as string | undefined).filter((line) => line !== undefined);
  await eventually(async () => lines().includes('last'), 'the log');
  expect(lines()).toEqual([
    'first ******',
    '',
    'é'.repeat(512),
    `${'a'.repeat(1_015)}******`,
    // Cut within a secret.
    '',
    ...Array(3).fill('******'),
    'x'.repeat(1_024),
    'last',
  ]);
});
