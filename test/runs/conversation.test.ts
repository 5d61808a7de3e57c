import { createHash } from 'node:crypto';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataOf, openScriptedThread, promptOf, toolsOf } from '../support/agent/agent.ts';
import { addMcpConfig, filesystem } from '../support/agent/mcp.ts';
import { askUserArgs, callsTools, type ToolCall } from '../support/agent/tools.ts';
import { chat } from '../support/agent/vendor.ts';
import { temporaryDataDir } from '../support/app/instance.ts';
import { startProcess, testKeysEnv } from '../support/app/process.ts';
import { sharedTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { types } from '../support/http/events.ts';

const app = await sharedTestApp();
const env = {
  ...testKeysEnv,
  ARKLOOP_DATABASE_URL: app.databaseUrl,
  ARKLOOP_STORAGE_ROOT: app.config.storageRoot!,
};

/** A turn with text followed by tool calls. */
const says = (words: string, ...calls: ToolCall[]) => ({
  steps: [...words.split(/(?<= )/).map(chat.text), ...callsTools(...calls).steps!],
});

test('a run lists files, asks the user, survives a worker restart, receives the answer, writes a file and completes', async () => {
  const person = await app.signUp();
  await app.promote(person);
  const folder = realpathSync(temporaryDataDir());
  writeFileSync(join(folder, 'shopping.txt'), 'milk');
  const stdio = { transport: 'stdio', command: process.execPath, args: [filesystem, folder], call_timeout_ms: 20_000 };
  await addMcpConfig(app, person, { name: 'files', ...stdio });
  const content = '# List\nIn blue: milk 🥛\n';
  const script = [
    says('Let me look. ', ['mcp__files__list_directory', { path: folder }, 'list']),
    says('One thing. ', ['ask_user', askUserArgs(), 'ask']),
    says('Writing. ', ['workspace_write', { path: '/lists/today.md', content }, 'write']),
    chat.answer('Your list ', 'is ready.'),
  ];
  const talk = await openScriptedThread(app, { person, script, model: { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015 } });

  const first = await startProcess('worker', env);
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'run.waiting_for_input');
  const status = async () => (await app.call('GET', `/v1/runs/${runId}`, { token: person.token })).body.status;
  expect(await status()).toBe('waiting_for_input');
  first.kill('SIGTERM');
  expect(await first.exited).toEqual({ code: 0, signal: null });
  await startProcess('worker', env);
  await reader.until(({ type }) => type === 'run.recovered');
  expect(await status()).toBe('waiting_for_input');
  expect(await talk.input(runId, '{"colour":"blue"}')).toMatchObject({ status: 200 });
  await reader.ended;

  const events = await expectRunInvariants(app, runId, person.token);
  const turn = ['message.delta', 'tool.call.delta', 'llm.turn.completed'];
  // Ignore timing-dependent events, and count consecutive events of the same type once. On a slow machine a worker can lose its lease and take the run again.
  const timed = ['run.mcp_discovery', 'run.idle_heartbeat', 'worker.job.received', 'run.recovered'];
  const order = types(events).filter((type) => !timed.includes(type));
  expect(order.filter((type, at) => type !== order[at - 1])).toEqual([
    'run.started',
    'run.route.selected',
    ...turn,
    'tool.call',
    'tool.result',
    ...turn,
    'tool.call',
    'run.input_requested',
    'run.waiting_for_input',
    'run.input_provided',
    'run.resumed',
    'tool.result',
    ...turn,
    'tool.call',
    'tool.result',
    'message.delta',
    'llm.turn.completed',
    'run.completed',
  ]);
  expect(toolsOf(talk, 0)).toEqual(expect.arrayContaining(['ask_user', 'workspace_write', 'mcp__files__list_directory']));
  const results = dataOf(events, 'tool.result');
  expect(results.map(({ tool_call_id, error }) => [tool_call_id, error])).toEqual(['list', 'ask', 'write'].map((id) => [id, undefined]));
  expect(JSON.stringify(results[0]!.result)).toContain('[FILE] shopping.txt');
  expect(results[1]!.result).toEqual({ user_response: { colour: 'blue' } });
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(results[2]!.result).toMatchObject({ path: '/lists/today.md', size: Buffer.byteLength(content), sha256 });
  expect(promptOf(talk, 3).map(({ role }) => role)).toEqual(['system', 'user', ...Array(3).fill(['assistant', 'tool']).flat()]);
  expect(dataOf(events, 'run.completed')[0]).toMatchObject({
    usage: { input_tokens: 311, output_tokens: 67 },
    assistant_message: { content: [{ type: 'text', text: 'Your list is ready.' }] },
  });

  const [{ id: project }] = (await app.call('GET', '/v1/projects', { token: person.token })).body;
  const read = (path: string) => app.call('GET', `/v1/projects/${project}/workspace/${path}`, { token: person.token });
  const file = await read(`file?path=${encodeURIComponent('/lists/today.md')}`);
  expect([file.status, file.text]).toEqual([200, content]);
  expect((await read(`files?path=${encodeURIComponent('/lists')}`)).body).toMatchObject({
    items: [{ path: '/lists/today.md', type: 'file' }],
  });
  const { body: shown } = await app.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: person.token });
  expect(shown.map(({ role, content: said }: any) => [role, said])).toEqual([
    ['user', 'Hello!'],
    ['assistant', 'Your list is ready.'],
  ]);
});
