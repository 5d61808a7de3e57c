import { expect, test } from 'vitest';
import { dataOf, openTalk, promptOf, toolsOf } from '../setup/agent.ts';
import { types } from '../setup/events.ts';
import { addTools, asks, nasty } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_WORKER_CONCURRENCY: '8' });
const echo = { tool_allowlist: ['echo', 'noop'] };

test('what is not offered is denied, what is no JSON object is refused, and the run goes on', async () => {
  const script = [
    asks(['echo', { text: 'x' }, 'a'], ['ask_user', {}, 'b'], ['rm_rf', {}, 'c'], ['noop', '[1]', 'd'], ['noop', '{"half', 'e']),
    chat.answer('Well.'),
  ];
  const talk = await openTalk(world, { persona: echo, script });
  const { events } = await talk.run();
  expect(dataOf(events, 'tool.call').map((call) => call.tool_call_id)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(dataOf(events, 'tool.denied')).toMatchObject([
    { tool_call_id: 'b', code: 'policy.denied', deny_reason: 'tool.not_in_allowlist' },
    { tool_call_id: 'c', code: 'policy.denied', deny_reason: 'tool.unknown' },
  ]);
  expect(dataOf(events, 'tool.result').map(({ error, result }) => error?.error_class ?? result)).toEqual([
    { text: 'x' },
    'policy.denied',
    'policy.denied',
    'tool.args_invalid',
    'tool.args_invalid',
  ]);
  expect(types(events).filter((type) => /^tool\.(denied|result)/.test(type))).toEqual([
    'tool.result',
    'tool.denied',
    'tool.result',
    'tool.denied',
    'tool.result',
    'tool.result',
    'tool.result',
  ]);
  expect(events.at(-1)?.type).toBe('run.completed');
  expect(JSON.parse(promptOf(talk, 1).at(-1)!.content)).toMatchObject({ error: { error_class: 'tool.args_invalid' } });
});

test('the tools of a tool server that says that they may destroy something run one after the other; after a failure the rest is skipped', async () => {
  const person = await world.signUp();
  const tools = await addTools(world, person);
  const script = [
    asks(['mcp__tools__slow', { ms: 250 }], ['mcp__tools__slow', { ms: 250 }]),
    asks(['mcp__tools__count'], ['mcp__tools__fail'], ['mcp__tools__count']),
    asks(['mcp__tools__large']),
    chat.answer('Done.'),
  ];
  const talk = await openTalk(world, { person, script });
  const { events } = await talk.run();
  const results = dataOf(events, 'tool.result');
  const at = events.filter(({ type }) => type === 'tool.result').map((event) => Date.parse(event.created_at));
  expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(240);
  expect(results.map(({ error }) => error?.error_class)).toEqual([
    undefined,
    undefined,
    undefined,
    'mcp.tool_error',
    'tool.skipped_after_failure',
    undefined,
  ]);
  expect(tools.count('count')).toBe(1);
  expect(dataOf(events, 'tool.call')[0]).toMatchObject({ side_effects: true });
  const large = JSON.stringify(results[5]!.result);
  expect(Buffer.byteLength(large)).toBeLessThanOrEqual(32 * 1024);
  expect(results[5]!.result).toMatchObject({ truncated: true });
  expect(large).toMatch(/begin x.*x end/);
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('whatever a tool and a model say is text, in the stream, in the log and in the prompts of later runs', async () => {
  const person = await world.signUp();
  await addTools(world, person);
  const says = nasty.toWellFormed();
  const script = [asks(['mcp__tools__nasty', { text: nasty }]), chat.answer(says.slice(0, 30), says.slice(30)), chat.answer('Yes.')];
  const talk = await openTalk(world, { person, script });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const heard = { content: [{ type: 'text', text: nasty }] };
  expect(dataOf(events, 'tool.result').map(({ result }) => result)).toMatchObject([heard]);
  expect(dataOf(events, 'tool.call')[0]!.arguments).toEqual({ text: nasty });
  await talk.say('And?');
  expect((await talk.run()).events.at(-1)?.type).toBe('run.completed');
  const kept = promptOf(talk, 2).filter(({ role }) => role === 'tool' || role === 'assistant');
  expect(kept.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
  expect(JSON.parse(kept[1]!.content)).toMatchObject({ content: [{ text: expect.stringContaining('event: run.completed') }] });
  expect(kept[2]!.content).toBe(says.replaceAll('\0', ''));
});

test('a call that takes too long ends, and the model is told', async () => {
  const person = await world.signUp();
  await addTools(world, person);
  const script = [asks(['mcp__tools__slow', { ms: 5_000 }]), chat.answer('Too slow.')];
  const talk = await openTalk(world, { person, script, persona: { budgets: { tool_timeout_ms: 200 } } });
  const { events } = await talk.run();
  const [result] = dataOf(events, 'tool.result');
  expect(result).toMatchObject({ error: { error_class: 'mcp.timeout' } });
  expect(result!.duration_ms).toBeGreaterThanOrEqual(200);
  expect(result!.duration_ms).toBeLessThan(2_000);
});

test('call ids that are empty or repeated name one call each', async () => {
  const script = [asks(['noop', {}, 'same'], ['noop', {}, 'same']), asks(['noop', {}, 'same']), chat.answer('Done.')];
  const talk = await openTalk(world, { persona: echo, script });
  const { events } = await talk.run();
  const ids = dataOf(events, 'tool.call').map((call) => call.tool_call_id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(dataOf(events, 'tool.result').map((result) => result.tool_call_id)).toEqual(ids);
});

test('only core tools are listed until others are loaded', async () => {
  const script = [
    asks(['noop']),
    asks(['load_tools', { queries: ['repeats a text'] }]),
    asks(['echo', { text: 'x' }]),
    chat.answer('Done.'),
  ];
  const talk = await openTalk(world, { persona: { tool_allowlist: ['echo', 'noop', 'todo_write'], core_tools: ['todo_write'] }, script });
  const { events } = await talk.run();
  expect(toolsOf(talk, 0)).toEqual(['todo_write', 'load_tools']);
  expect(toolsOf(talk, 1)).toEqual(['todo_write', 'load_tools']);
  expect(toolsOf(talk, 2)).toEqual(['todo_write', 'echo', 'load_tools']);
  expect(dataOf(events, 'tool.result').map(({ error, result }) => error?.error_class ?? result)).toEqual([
    'policy.denied',
    { loaded: [{ name: 'echo', description: 'Repeats a text.' }] },
    { text: 'x' },
  ]);
});

test('the tools by which a run tells what it does', async () => {
  const todos = [{ id: '1', content: 'Think', status: 'in_progress' }];
  const script = [
    asks(['todo_write', { todos }], ['timeline_title', { label: 'Thinking' }], ['summarize_thread', { title: 'A new title' }]),
    asks(['todo_write', { todos: [...todos, { ...todos[0], id: '2' }] }]),
    asks(['timeline_title', { label: 'x', colour: 'red' }]),
    chat.answer('Done.'),
  ];
  const talk = await openTalk(world, { script });
  expect((await world.call('PATCH', `/v1/threads/${talk.threadId}`, { token: talk.token, body: { title: null } })).status).toBe(200);
  await world.sql(`update threads set title = 'Old', title_locked = false where id = $1`, [talk.threadId]);
  const { events } = await talk.run();
  expect(dataOf(events, 'todo.updated')).toMatchObject([{ todos }]);
  expect(dataOf(events, 'thread.title.updated')).toMatchObject([{ thread_id: talk.threadId, title: 'A new title' }]);
  expect(dataOf(events, 'tool.result').map(({ error, result }) => error?.error_class ?? result)).toEqual([
    { todos, count: 1 },
    { ok: true },
    { updated: true, title: 'A new title' },
    'tool.args_invalid',
    'tool.args_invalid',
  ]);
  expect((await world.call('GET', `/v1/threads/${talk.threadId}`, { token: talk.token })).body.title).toBe('A new title');
});

test('a title that the user chose stays', async () => {
  const talk = await openTalk(world, { script: [asks(['summarize_thread', { title: 'Mine' }]), chat.answer('Done.')] });
  const { events } = await talk.run();
  expect(dataOf(events, 'tool.result')[0]!.result).toEqual({ updated: false });
  expect(dataOf(events, 'thread.title.updated')).toEqual([]);
});
