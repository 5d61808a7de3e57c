import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AllowedPrograms, isLoaderVariable } from '../../../server/platform/config/allowedPrograms.ts';
import { OperatorError, readConfig } from '../../../server/platform/config/config.ts';
import { sealSecret } from '../../../server/resources/mcpConfigs/secrets.ts';
import { addMcpConfig, callToolText, openMcp, scriptedServer } from '../../support/agent/mcp.ts';
import { toolNamed } from '../../support/agent/mcpScripted.ts';
import { temporaryDataDir } from '../../support/app/instance.ts';
import { startTestApp, testKeys } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { eventually } from '../../support/resources/conversation.ts';

const [script] = scriptedServer('any').args as [string];
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'arkloop-programs-')));
afterAll(() => rmSync(folder, { recursive: true }));
/** The scripted server. Its only further argument is the script as JSON. */
const node = { command: process.execPath, args: [script], more_args: '\\{[^]*\\}' };
const allowlist = [
  { ...node, env: ['SECRET', 'LONG', 'KEY', 'SHORT', 'GREETING=of the operator', 'PATH=/nowhere'] },
  { ...node, command: 'arkloop-test-node', cwd: folder },
  { command: '/bin/true' },
];
const app = await startTestApp({ ARKLOOP_MCP_STDIO_ALLOWLIST: JSON.stringify(allowlist) }, { worker: false });
const log: string[] = [];
const mcp = await openMcp(app, { log });
const chief = await app.signUp();
await app.promote(chief);
const run = { account_id: chief.accountId };
const create = (token: string, fields: object) => app.call('POST', '/v1/mcp-configs', { token, body: { transport: 'stdio', ...fields } });

test('a command outside the allowlist is rejected, even from a platform admin', async () => {
  const { token } = await app.signUp();
  for (const command of ['/bin/sh', 'true', '/bin/true ; /bin/sh', `${process.execPath},/bin/true`, '/bin/../bin/true']) {
    const status = command.includes('/') && !command.startsWith('/') ? 400 : 403;
    expect((await create(chief.token, { name: 'shell', command })).status).toBe(status);
    expect(statusAndReason(await create(token, { name: 'shell', command }))).toEqual([403, 'stdio_requires_platform_admin']);
  }
  for (const command of ['bin/true', './true', '..\\true'])
    expect(issuesOf(await create(chief.token, { name: 'shell', command }))).toEqual([400, [['body', '/command']]]);
  expect(await app.sql('select 1 from mcp_configs')).toEqual([]);
  expect((await create(chief.token, { name: 'true', command: '/bin/true' })).status).toBe(201);
});

test.each([
  ['no argument where the script belongs', { command: process.execPath, args: [] }],
  ['code as an argument', { command: process.execPath, args: ['-e', 'process.exit()'] }],
  ['an option before the script', { command: process.execPath, args: ['--require=/tmp/evil.js', script, '{}'] }],
  ['an option after the script', { command: process.execPath, args: [script, '{}', '--require=/tmp/evil.js'] }],
  ['an argument that matches only at its beginning', { command: process.execPath, args: [script, '{}\n-e'] }],
  ['another script', { command: process.execPath, args: [`${script}.js`, '{}'] }],
  ['an argument to a program that takes none', { command: '/bin/true', args: [''] }],
  ['another folder', { command: process.execPath, args: [script, '{}'], cwd: '/tmp' }],
])('an allowed program with %s is rejected', async (_, fields) => {
  expect(statusAndReason(await create(chief.token, { name: 'odd', ...fields }))).toEqual([403, 'command_not_allowed']);
});

test.each(['OTHER', 'GREETING', 'PATH', 'NODE_OPTIONS', 'LD_PRELOAD', 'npm_config_node_options'])(
  'the variable %s is rejected for an allowed program',
  async (name) => {
    const answer = await create(chief.token, { ...scriptedServer('odd'), env: { SECRET: 'x', [name]: '--require=/tmp/evil.js' } });
    expect([statusAndReason(answer), issuesOf(answer)[1]]).toEqual([[400, 'variable_not_allowed'], [['body', `/env/${name}`]]]);
  },
);

test('recognizes variables that load code, in any letter case', () => {
  const loaders = `NODE_OPTIONS NODE_PATH node_options LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES PYTHONPATH PYTHONSTARTUP PYTHONWARNINGS PERL5OPT
    PERL5LIB RUBYOPT RUBYLIB BASH_ENV BASH_FUNC_ls ENV PATH Path PS4 npm_config_script_shell NPM_CONFIG_USERCONFIG JAVA_TOOL_OPTIONS GIT_SSH_COMMAND GCONV_PATH
    OPENSSL_CONF DOTNET_STARTUP_HOOKS LUA_INIT PHPRC CLASSPATH`;
  expect(loaders.split(/\s+/).filter((name) => !isLoaderVariable(name))).toEqual([]);
  expect(
    ['API_KEY', 'PATHS', 'MY_PATH', 'ENVIRONMENT', 'TOKEN', 'HOME', 'LDAP_URL', 'GITHUB_TOKEN', 'NODES'].filter(isLoaderVariable),
  ).toEqual([]);
});

/** Stores a server with fields that the API would reject. */
async function storeConfig(fields: { command: string; args: string[]; env?: Record<string, string> }) {
  const config = await addMcpConfig(app, chief, scriptedServer(`old-${log.length}-${Math.random()}`));
  const env = sealSecret(testKeys.encryptionKeys, { id: config.id, account_id: chief.accountId }, 'env', JSON.stringify(fields.env ?? {}));
  await app.sql('update mcp_configs set command = $2, args = $3, env_sealed = $4 where id = $1', [
    config.id,
    fields.command,
    fields.args,
    env,
  ]);
  return config.id;
}

const outcomes = async (tools: typeof mcp.tools) => {
  const { steps } = await tools(run);
  return (steps[0]!.data as unknown as { servers: { server_id: string; outcome: string; error_class?: string }[] }).servers;
};

test('a disallowed command that is already stored is not started', async () => {
  const place = temporaryDataDir();
  const canary = (name: string) => join(place, name);
  const evil = join(place, 'evil.cjs');
  await writeFile(evil, `require('node:fs').writeFileSync(process.env.CANARY ?? ${JSON.stringify(canary('required'))}, '')`);
  const ids = [
    await storeConfig({ command: '/bin/touch', args: [canary('touch')] }),
    await storeConfig({
      command: process.execPath,
      args: ['-e', `require('node:fs').writeFileSync(${JSON.stringify(canary('code'))}, '')`],
    }),
    await storeConfig({ command: process.execPath, args: [script, '{}'], env: { NODE_OPTIONS: `--require=${evil}` } }),
  ];
  await addMcpConfig(app, chief, scriptedServer('good', { tools: [toolNamed('echo')] }));
  const { tools } = await mcp.tools(run);
  expect(tools.map(({ name }) => name)).toContain('mcp__good__echo');
  const failed = (id: string) => expect.objectContaining({ server_id: id, outcome: 'failed', error_class: 'mcp.disconnected' });
  expect(await outcomes(mcp.tools)).toEqual(expect.arrayContaining(ids.map(failed)));
  expect(['touch', 'code', 'required'].filter((name) => existsSync(canary(name)))).toEqual([]);
  // Without an allowlist any program runs with any arguments. Variables that load code are rejected even then.
  const free = await openMcp(app, { config: { ...app.config, mcpStdioAllowlist: undefined } });
  expect(await outcomes(free.tools)).toContainEqual(failed(ids[2]!));
  expect(['touch', 'code', 'required'].filter((name) => existsSync(canary(name)))).toEqual(['touch', 'code']);
  await app.sql('delete from mcp_configs where id = any($1)', [ids]);
});

test('a program gets the variables and directory of its allowlist entry, and its own where the entry permits', async () => {
  await addMcpConfig(app, chief, scriptedServer('entry', {}, { env: { SECRET: 'mine' } }));
  const { tools } = await mcp.tools(run);
  expect(JSON.parse(await callToolText(tools, 'mcp__entry__env'))).toEqual({
    SECRET: 'mine',
    GREETING: 'of the operator',
    PATH: '/nowhere',
  });
  expect(await callToolText(tools, 'mcp__entry__where')).toBe('/');
});

test('a bare command name is resolved in the PATH of the worker and runs in the directory of its entry', async () => {
  const fields = scriptedServer('named', {}, { command: 'arkloop-test-node', cwd: folder });
  await addMcpConfig(app, chief, fields);
  const place = join(temporaryDataDir(), 'bin');
  await mkdir(place);
  expect((await mcp.tools(run)).tools.some(({ name }) => name.startsWith('mcp__named__'))).toBe(false);
  await symlink(process.execPath, join(place, 'arkloop-test-node'));
  const before = process.env.PATH;
  process.env.PATH = `.:${place}:${before}`;
  try {
    // Needs a new pool, because the failed discovery is cached.
    const again = await openMcp(app);
    const { tools } = await again.tools(run);
    expect(await callToolText(tools, 'mcp__named__where')).toBe(folder);
  } finally {
    process.env.PATH = before;
  }
});

test.each([
  ['/usr/bin/node, /bin/true'],
  ['node'],
  ['{"command":"node"}'],
  ['[{"command":"bin/node"}]'],
  ['[{"command":"node","args":"-e"}]'],
  ['[{"command":"node","more_args":"("}]'],
  ['[{"command":"node","cwd":"relative"}]'],
  ['[{"command":"node","env":["NODE_OPTIONS"]}]'],
  ['[{"command":"node","env":["A B"]}]'],
  ['[{"command":"node","arguments":[]}]'],
])('the invalid allowlist %s is a one-line error at startup', async (text) => {
  const refused = () => readConfig({ ARKLOOP_MCP_STDIO_ALLOWLIST: text });
  expect(refused).toThrow(OperatorError);
  expect(refused).toThrow(/^ARKLOOP_MCP_STDIO_ALLOWLIST: expected a JSON array [^\n]*no longer understood$/);
});

test('an empty allowlist permits no program', async () => {
  const none = await openMcp(app, { config: { ...app.config, mcpStdioAllowlist: AllowedPrograms.parse([]) } });
  expect((await none.tools(run)).tools).toEqual([]);
});

test('stderr is logged in lines of at most 1,024 bytes, with secrets masked', async () => {
  const secret = 'tok-secret-4f9c2a71b8d05e63';
  const long = Array.from({ length: 1_200 }, (_, at) => `k${1_000 + at}`).join('');
  const key = ['-----BEGIN KEY-----', 'b1c2d3e4f5a6b7c8', 'd9e8f7a6b5c4d3e2'];
  await addMcpConfig(app, chief, scriptedServer('loud', {}, { env: { SECRET: secret, LONG: long, KEY: key.join('\n'), SHORT: 'a' } }));
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
  await callToolText(tools, 'mcp__loud__whisper', { line: `${said.join('\n')}\n` });
  const lines = () => log.map((line) => JSON.parse(line).line as string | undefined).filter((line) => line !== undefined);
  await eventually(async () => lines().includes('last'), 'the log');
  expect(lines()).toEqual([
    'first ******',
    '',
    'é'.repeat(512),
    `${'a'.repeat(1_015)}******`,
    // The length limit falls within a secret, so the line is dropped.
    '',
    ...Array(3).fill('******'),
    'x'.repeat(1_024),
    'last',
  ]);
});
