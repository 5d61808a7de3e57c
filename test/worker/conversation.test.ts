import { createHash } from 'node:crypto';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataOf, openTalk, promptOf, toolsOf } from '../setup/agent.ts';
import { types } from '../setup/events.ts';
import { temporaryFolder } from '../setup/instance.ts';
import { expectSound } from '../setup/invariants.ts';
import { addConfig, filesystem } from '../setup/mcp.ts';
import { quickWorker, sameKeys, startProcess } from '../setup/process.ts';
import { asks, question, type Wanted } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld(quickWorker, { worker: false });
const env = {
  ...quickWorker,
  ...sameKeys,
  ARKLOOP_DATABASE_URL: world.databaseUrl,
  ARKLOOP_STORAGE_ROOT: world.config.storageRoot!,
};

/** A turn that says something, and then asks for a tool. */
const says = (words: string, ...calls: Wanted[]) => ({ steps: [...words.split(/(?<= )/).map(chat.text), ...asks(...calls).steps!] });

test('a run lists files, asks its user, outlives its worker, hears the answer, writes a file and ends', async () => {
  const person = await world.signUp();
  await world.promote(person);
  const folder = realpathSync(await temporaryFolder());
  writeFileSync(join(folder, 'shopping.txt'), 'milk');
  const stdio = { transport: 'stdio', command: process.execPath, args: [filesystem, folder], call_timeout_ms: 20_000 };
  await addConfig(world, person, { name: 'files', ...stdio });
  const content = '# List\nIn blue: milk 🥛\n';
  const script = [
    says('Let me look. ', ['mcp__files__list_directory', { path: folder }, 'list']),
    says('One thing. ', ['ask_user', question(), 'ask']),
    says('Writing. ', ['workspace_write', { path: '/lists/today.md', content }, 'write']),
    chat.answer('Your list ', 'is ready.'),
  ];
  const talk = await openTalk(world, { person, script, model: { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015 } });

  const first = await startProcess('worker', env);
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'run.waiting_for_input');
  const status = async () => (await world.call('GET', `/v1/runs/${runId}`, { token: person.token })).body.status;
  expect(await status()).toBe('waiting_for_input');
  first.kill('SIGTERM');
  expect(await first.exited).toEqual({ code: 0, signal: null });
  await startProcess('worker', env);
  await reader.until(({ type }) => type === 'run.recovered');
  expect(await status()).toBe('waiting_for_input');
  expect(await talk.input(runId, '{"colour":"blue"}')).toMatchObject({ status: 200 });
  await reader.ended;

  const events = await expectSound(world, runId, person.token);
  const turn = ['message.delta', 'tool.call.delta', 'llm.turn.completed'];
  // Slow starts of the tool server are told, too; equal pieces that follow each other count once.
  const order = types(events).filter((type) => type !== 'run.mcp_discovery' && type !== 'run.idle_heartbeat');
  expect(order.filter((type, at) => type !== order[at - 1])).toEqual([
    'run.started',
    'worker.job.received',
    'run.route.selected',
    ...turn,
    'tool.call',
    'tool.result',
    ...turn,
    'tool.call',
    'run.input_requested',
    'run.waiting_for_input',
    'worker.job.received',
    'run.recovered',
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

  const [{ id: project }] = (await world.call('GET', '/v1/projects', { token: person.token })).body;
  const read = (path: string) => world.call('GET', `/v1/projects/${project}/workspace/${path}`, { token: person.token });
  const file = await read(`file?path=${encodeURIComponent('/lists/today.md')}`);
  expect([file.status, file.text]).toEqual([200, content]);
  expect((await read(`files?path=${encodeURIComponent('/lists')}`)).body).toMatchObject({
    items: [{ path: '/lists/today.md', type: 'file' }],
  });
  const { body: shown } = await world.call('GET', `/v1/threads/${talk.threadId}/messages`, { token: person.token });
  expect(shown.map(({ role, content: said }: any) => [role, said])).toEqual([
    ['user', 'Hello!'],
    ['assistant', 'Your list is ready.'],
  ]);
}, 90_000);
