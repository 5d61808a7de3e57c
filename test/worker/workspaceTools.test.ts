import { expect, test } from 'vitest';
import { dataOf, openTalk, promptOf } from '../setup/agent.ts';
import { addBrain } from '../setup/brain.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { expectSound } from '../setup/invariants.ts';
import { expectCounted, limiter, storageUsed } from '../setup/quotas.ts';
import { asks } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld();

test('what the model of a run writes, its user downloads', async () => {
  const path = '/notes/résumé.md';
  const script = [
    asks(['workspace_write', { path, content: '# Hello 👋' }], ['workspace_write', { path: '../up', content: 'x' }], ['workspace_list']),
    asks(['workspace_list', { path: '/notes' }], ['workspace_read', { path, max_bytes: 7 }]),
    chat.answer('Done.'),
  ];
  const talk = await openTalk(world, { script });
  const { events } = await talk.run();
  const results = dataOf(events, 'tool.result');
  expect(results).toMatchObject([
    { result: { path, size: 12 } },
    { error: { error_class: 'tool.args_invalid' } },
    { error: { error_class: 'tool.skipped_after_failure' } },
    { result: { items: [{ path, type: 'file', size: 12 }] } },
    { result: { content: '# Hello', size: 12, truncated: true } },
  ]);
  expect(dataOf(events, 'tool.call').map(({ side_effects }) => side_effects)).toEqual([true, true, false, false, false]);
  expect(promptOf(talk, 2).filter(({ role }) => role === 'tool')).toHaveLength(5);
  const { token } = talk;
  const [project] = (await world.call('GET', '/v1/projects', { token })).body;
  const file = await world.call('GET', `/v1/projects/${project.id}/workspace/file?path=${encodeURIComponent(path)}`, { token });
  expect([file.status, file.text, file.headers.get('content-type')]).toEqual([200, '# Hello 👋', 'text/markdown; charset=utf-8']);
});

test('whatever path a model makes up, the run goes on and nothing is written', async () => {
  const paths = ['..', '/a/../../etc/passwd', 'a\\..\\b', 'a\0b', '\ud800', `/${'x'.repeat(4_096)}`, ''];
  // One turn each, because a failure skips the calls after it.
  const writes = paths.map((path) => asks(['workspace_write', { path, content: 'x' }]));
  const contents = [
    { content: 'no base64!', encoding: 'base64' },
    { content: '\udc00' },
    { content: 'x', mode: 7 },
    { content: 7 },
    {},
  ].map((args) => asks(['workspace_write', { path: 'a', ...args }]));
  const talk = await openTalk(world, { script: [...writes, ...contents, asks(['workspace_list', {}]), chat.answer('Done.')] });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const results = dataOf(events, 'tool.result');
  const wrong = results.slice(0, -1).map(({ error }) => error?.error_class);
  expect(wrong).toEqual([...paths, ...contents].map(() => 'tool.args_invalid'));
  expect(results.at(-1)).toMatchObject({ result: { path: '/', items: [] } });
});

test('text with U+0000 is a file like any other', async () => {
  const script = [
    asks(['workspace_write', { path: 'nul', content: 'a\0b' }]),
    asks(['workspace_read', { path: 'nul' }], ['workspace_list', {}]),
    chat.answer('Done.'),
  ];
  const talk = await openTalk(world, { script });
  const { events } = await talk.run();
  expect(dataOf(events, 'tool.result')).toMatchObject([
    { result: { size: 3 } },
    { result: { base64: 'YQBi', size: 3 } },
    { result: { items: [{ name: 'nul', mime_type: 'application/octet-stream' }] } },
  ]);
});

test('of runs at once in one project none loses a file', async () => {
  const me = await world.signUp();
  // Each run writes five files named after its question.
  await addBrain(world, me, (messages) => {
    const question = messages.find(({ role }) => role === 'user')!.content;
    const done = messages.filter(({ role }) => role === 'tool').length;
    return done < 5 ? asks(['workspace_write', { path: `${question}/${done}`, content: question }]) : chat.answer('Done.');
  });
  const questions = ['one', 'two', 'three'];
  await Promise.all(
    questions.map(async (question) => {
      const runId = await startRun(world, me, await openThread(world, me, question));
      await (await openStream(world.url, runId, { token: me.token })).ended;
      await expectSound(world, runId, me.token);
    }),
  );
  const [project] = (await world.call('GET', '/v1/projects', { token: me.token })).body;
  for (const question of questions) {
    const { body } = await world.call('GET', `/v1/projects/${project.id}/workspace/files?path=/${question}`, { token: me.token });
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['0', '1', '2', '3', '4']);
  }
});

test('a write beyond the quota of the account is told to the model with the reason, and the run goes on', async () => {
  const person = await world.signUp();
  const limit = await limiter(world);
  await limit(person, 'quota.workspace_bytes', 5_000);
  const content = (size: number) => 'x'.repeat(size);
  const script = [
    asks(['workspace_write', { path: 'a', content: content(3_000) }]),
    asks(['workspace_write', { path: 'b', content: content(3_001) }]),
    asks(['workspace_read', { path: 'a' }]),
    chat.answer('Done.'),
  ];
  const talk = await openTalk(world, { person, script });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const [first, second, third] = dataOf(events, 'tool.result');
  expect([first, third]).toMatchObject([{ result: { size: 3_000 } }, { result: { size: 3_000 } }]);
  expect(second!.error).toMatchObject({
    error_class: 'tool.execution_failed',
    details: { reason: 'quota_exceeded', key: 'quota.workspace_bytes', limit: 5_000, required: expect.any(Number) },
  });
  expect(promptOf(talk, 2).at(-1)!.content).toContain('quota_exceeded');
  const used = (await storageUsed(world, person)).workspaces!;
  expect([used > 3_000, used <= 5_000]).toEqual([true, true]);
  await expectCounted(world);
});
