import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { OperatorError, readConfig } from '../../server/kernel/config.ts';
import { AllowedPrograms, isLoaderVariable } from '../../server/kernel/programs.ts';
import { sealSecret } from '../../server/resources/mcpConfigs/secrets.ts';
import { eventually } from '../setup/conversation.ts';
import { temporaryFolder } from '../setup/instance.ts';
import { addConfig, openMcp, scripted, use } from '../setup/mcp.ts';
import { toolNamed } from '../setup/mcpScripted.ts';
import { issuesOf, reasonOf } from '../setup/walk.ts';
import { startWorld, testKeys } from '../setup/world.ts';

const [script] = scripted('any').args as [string];
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'arkloop-programs-')));
afterAll(() => rmSync(folder, { recursive: true }));
/** The scripted server, which takes its script as its only further argument. */
const node = { command: process.execPath, args: [script], more_args: '\\{[^]*\\}' };
const allowlist = [
  { ...node, env: ['SECRET', 'LONG', 'KEY', 'SHORT', 'GREETING=of the operator', 'PATH=/nowhere'] },
  { ...node, command: 'arkloop-test-node', cwd: folder },
  { command: '/bin/true' },
];
const world = await startWorld({ ARKLOOP_MCP_STDIO_ALLOWLIST: JSON.stringify(allowlist) }, { worker: false });
const log: string[] = [];
const mcp = await openMcp(world, { log });
const chief = await world.signUp();
await world.promote(chief);
const run = { account_id: chief.accountId };
const create = (token: string, fields: object) => world.call('POST', '/v1/mcp-configs', { token, body: { transport: 'stdio', ...fields } });

test('a program that is not on the list of the installation is not taken, from nobody', async () => {
  const { token } = await world.signUp();
  for (const command of ['/bin/sh', 'true', '/bin/true ; /bin/sh', `${process.execPath},/bin/true`, '/bin/../bin/true']) {
    const status = command.includes('/') && !command.startsWith('/') ? 400 : 403;
    expect((await create(chief.token, { name: 'shell', command })).status).toBe(status);
    expect(reasonOf(await create(token, { name: 'shell', command }))).toEqual([403, 'stdio_requires_platform_admin']);
  }
  for (const command of ['bin/true', './true', '..\\true'])
    expect(issuesOf(await create(chief.token, { name: 'shell', command }))).toEqual([400, [['body', '/command']]]);
  expect(await world.sql('select 1 from mcp_configs')).toEqual([]);
  expect((await create(chief.token, { name: 'true', command: '/bin/true' })).status).toBe(201);
});

test.each([
  ['no argument where the script belongs', { command: process.execPath, args: [] }],
  ['code as an argument', { command: process.execPath, args: ['-e', 'process.exit()'] }],
  ['an option before the script', { command: process.execPath, args: ['--require=/tmp/evil.js', script, '{}'] }],
  ['an option after the script', { command: process.execPath, args: [script, '{}', '--require=/tmp/evil.js'] }],
  ['an argument that begins as it must', { command: process.execPath, args: [script, '{}\n-e'] }],
  ['another script', { command: process.execPath, args: [`${script}.js`, '{}'] }],
  ['an argument to a program that takes none', { command: '/bin/true', args: [''] }],
  ['another folder', { command: process.execPath, args: [script, '{}'], cwd: '/tmp' }],
])('an allowed program with %s is not taken', async (_, fields) => {
  expect(reasonOf(await create(chief.token, { name: 'odd', ...fields }))).toEqual([403, 'command_not_allowed']);
});

test.each(['OTHER', 'GREETING', 'PATH', 'NODE_OPTIONS', 'LD_PRELOAD', 'npm_config_node_options'])(
  'the variable %s is not given to an allowed program',
  async (name) => {
    const answer = await create(chief.token, { ...scripted('odd'), env: { SECRET: 'x', [name]: '--require=/tmp/evil.js' } });
    expect([reasonOf(answer), issuesOf(answer)[1]]).toEqual([[400, 'variable_not_allowed'], [['body', `/env/${name}`]]]);
  },
);

test('variables that load code are known, whatever their case', () => {
  const loaders = `NODE_OPTIONS NODE_PATH node_options LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES PYTHONPATH PYTHONSTARTUP PYTHONWARNINGS PERL5OPT
    PERL5LIB RUBYOPT RUBYLIB BASH_ENV BASH_FUNC_ls ENV PATH Path PS4 npm_config_script_shell NPM_CONFIG_USERCONFIG JAVA_TOOL_OPTIONS GIT_SSH_COMMAND GCONV_PATH
    OPENSSL_CONF DOTNET_STARTUP_HOOKS LUA_INIT PHPRC CLASSPATH`;
  expect(loaders.split(/\s+/).filter((name) => !isLoaderVariable(name))).toEqual([]);
  expect(
    ['API_KEY', 'PATHS', 'MY_PATH', 'ENVIRONMENT', 'TOKEN', 'HOME', 'LDAP_URL', 'GITHUB_TOKEN', 'NODES'].filter(isLoaderVariable),
  ).toEqual([]);
});

/** A stored server of the chief with other fields than the API takes. */
async function stored(fields: { command: string; args: string[]; env?: Record<string, string> }) {
  const config = await addConfig(world, chief, scripted(`old-${log.length}-${Math.random()}`));
  const env = sealSecret(testKeys.encryptionKey, { id: config.id, account_id: chief.accountId }, 'env', JSON.stringify(fields.env ?? {}));
  await world.sql('update mcp_configs set command = $2, args = $3, env_sealed = $4 where id = $1', [
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

test('nor is one started that was stored before', async () => {
  const place = temporaryFolder();
  const canary = (name: string) => join(place, name);
  const evil = join(place, 'evil.cjs');
  await writeFile(evil, `require('node:fs').writeFileSync(process.env.CANARY ?? ${JSON.stringify(canary('required'))}, '')`);
  const ids = [
    await stored({ command: '/bin/touch', args: [canary('touch')] }),
    await stored({ command: process.execPath, args: ['-e', `require('node:fs').writeFileSync(${JSON.stringify(canary('code'))}, '')`] }),
    await stored({ command: process.execPath, args: [script, '{}'], env: { NODE_OPTIONS: `--require=${evil}` } }),
  ];
  await addConfig(world, chief, scripted('good', { tools: [toolNamed('echo')] }));
  const { tools } = await mcp.tools(run);
  expect(tools.map(({ name }) => name)).toContain('mcp__good__echo');
  const failed = (id: string) => expect.objectContaining({ server_id: id, outcome: 'failed', error_class: 'mcp.disconnected' });
  expect(await outcomes(mcp.tools)).toEqual(expect.arrayContaining(ids.map(failed)));
  expect(['touch', 'code', 'required'].filter((name) => existsSync(canary(name)))).toEqual([]);
  // Without a list any program runs, with any arguments; variables that load code are not given even then.
  const free = await openMcp(world, { config: { ...world.config, mcpStdioAllowlist: undefined } });
  expect(await outcomes(free.tools)).toContainEqual(failed(ids[2]!));
  expect(['touch', 'code', 'required'].filter((name) => existsSync(canary(name)))).toEqual(['touch', 'code']);
  await world.sql('delete from mcp_configs where id = any($1)', [ids]);
});

test('a program has the variables and the folder of its entry, and its own where the entry lets it', async () => {
  await addConfig(world, chief, scripted('entry', {}, { env: { SECRET: 'mine' } }));
  const { tools } = await mcp.tools(run);
  expect(JSON.parse(await use(tools, 'mcp__entry__env'))).toEqual({ SECRET: 'mine', GREETING: 'of the operator', PATH: '/nowhere' });
  expect(await use(tools, 'mcp__entry__where')).toBe('/');
});

test('a name is looked for in the path of the worker, and runs in the folder of its entry', async () => {
  const fields = scripted('named', {}, { command: 'arkloop-test-node', cwd: folder });
  await addConfig(world, chief, fields);
  const place = join(temporaryFolder(), 'bin');
  await mkdir(place);
  expect((await mcp.tools(run)).tools.some(({ name }) => name.startsWith('mcp__named__'))).toBe(false);
  await symlink(process.execPath, join(place, 'arkloop-test-node'));
  const before = process.env.PATH;
  process.env.PATH = `.:${place}:${before}`;
  try {
    // A new pool and a new list: the failure is remembered for a while.
    const again = await openMcp(world);
    const { tools } = await again.tools(run);
    expect(await use(tools, 'mcp__named__where')).toBe(folder);
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
])('the list %s is refused at start with one line', async (text) => {
  const refused = () => readConfig({ ARKLOOP_MCP_STDIO_ALLOWLIST: text });
  expect(refused).toThrow(OperatorError);
  expect(refused).toThrow(/^ARKLOOP_MCP_STDIO_ALLOWLIST: expected a JSON array [^\n]*no longer understood$/);
});

test('an empty list allows no program', async () => {
  const none = await openMcp(world, { config: { ...world.config, mcpStdioAllowlist: AllowedPrograms.parse([]) } });
  expect((await none.tools(run)).tools).toEqual([]);
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
