import { expect, test } from 'vitest';
import { dataOf, openScriptedThread, promptOf } from '../support/agent/agent.ts';
import { addScriptedModel } from '../support/agent/scriptedModel.ts';
import { callsTools } from '../support/agent/tools.ts';
import { chat } from '../support/agent/vendor.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { openStream } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';
import { expectQuotaCounters, limitSetter, storageUsed } from '../support/resources/quotas.ts';

const app = await startTestApp();

test('the user can download a file that the model has written', async () => {
  const path = '/notes/résumé.md';
  const script = [
    callsTools(
      ['workspace_write', { path, content: '# Hello 👋' }],
      ['workspace_write', { path: '../up', content: 'x' }],
      ['workspace_list'],
    ),
    callsTools(['workspace_list', { path: '/notes' }], ['workspace_read', { path, max_bytes: 7 }]),
    chat.answer('Done.'),
  ];
  const talk = await openScriptedThread(app, { script });
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
  const [project] = (await app.call('GET', '/v1/projects', { token })).body;
  const file = await app.call('GET', `/v1/projects/${project.id}/workspace/file?path=${encodeURIComponent(path)}`, { token });
  expect([file.status, file.text, file.headers.get('content-type')]).toEqual([200, '# Hello 👋', 'text/markdown; charset=utf-8']);
});

test('invalid paths and contents are errors, the run continues, and nothing is written', async () => {
  const paths = ['..', '/a/../../etc/passwd', 'a\\..\\b', 'a\0b', '\ud800', `/${'x'.repeat(4_096)}`, ''];
  // One call per turn, because a failure skips the later calls of the turn.
  const writes = paths.map((path) => callsTools(['workspace_write', { path, content: 'x' }]));
  const contents = [
    { content: 'no base64!', encoding: 'base64' },
    { content: '\udc00' },
    { content: 'x', mode: 7 },
    { content: 7 },
    {},
  ].map((args) => callsTools(['workspace_write', { path: 'a', ...args }]));
  const talk = await openScriptedThread(app, {
    script: [...writes, ...contents, callsTools(['workspace_list', {}]), chat.answer('Done.')],
  });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const results = dataOf(events, 'tool.result');
  const wrong = results.slice(0, -1).map(({ error }) => error?.error_class);
  expect(wrong).toEqual([...paths, ...contents].map(() => 'tool.args_invalid'));
  expect(results.at(-1)).toMatchObject({ result: { path: '/', items: [] } });
});

test('text with U+0000 can be written and read', async () => {
  const script = [
    callsTools(['workspace_write', { path: 'nul', content: 'a\0b' }]),
    callsTools(['workspace_read', { path: 'nul' }], ['workspace_list', {}]),
    chat.answer('Done.'),
  ];
  const talk = await openScriptedThread(app, { script });
  const { events } = await talk.run();
  expect(dataOf(events, 'tool.result')).toMatchObject([
    { result: { size: 3 } },
    { result: { base64: 'YQBi', size: 3 } },
    { result: { items: [{ name: 'nul', mime_type: 'application/octet-stream' }] } },
  ]);
});

test('concurrent runs in one project lose no files', async () => {
  const me = await app.signUp();
  // Each run writes five files into a directory named after its question.
  await addScriptedModel(app, me, (messages) => {
    const question = messages.find(({ role }) => role === 'user')!.content;
    const done = messages.filter(({ role }) => role === 'tool').length;
    return done < 5 ? callsTools(['workspace_write', { path: `${question}/${done}`, content: question }]) : chat.answer('Done.');
  });
  const questions = ['one', 'two', 'three'];
  await Promise.all(
    questions.map(async (question) => {
      const runId = await startRun(app, me, await openThread(app, me, question));
      await openStream(app.url, runId, { token: me.token }).then(({ ended }) => ended);
      await expectRunInvariants(app, runId, me.token);
    }),
  );
  const [project] = (await app.call('GET', '/v1/projects', { token: me.token })).body;
  for (const question of questions) {
    const { body } = await app.call('GET', `/v1/projects/${project.id}/workspace/files?path=/${question}`, { token: me.token });
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['0', '1', '2', '3', '4']);
  }
});

test('a write above the account quota is an error with the reason, and the run continues', async () => {
  const person = await app.signUp();
  const limit = await limitSetter(app);
  await limit(person, 'quota.workspace_bytes', 5_000);
  const content = (size: number) => 'x'.repeat(size);
  const script = [
    callsTools(['workspace_write', { path: 'a', content: content(3_000) }]),
    callsTools(['workspace_write', { path: 'b', content: content(3_001) }]),
    callsTools(['workspace_read', { path: 'a' }]),
    chat.answer('Done.'),
  ];
  const talk = await openScriptedThread(app, { person, script });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const [first, second, third] = dataOf(events, 'tool.result');
  expect([first, third]).toMatchObject([{ result: { size: 3_000 } }, { result: { size: 3_000 } }]);
  expect(second!.error).toMatchObject({
    error_class: 'tool.execution_failed',
    details: { reason: 'quota_exceeded', key: 'quota.workspace_bytes', limit: 5_000, required: expect.any(Number) },
  });
  expect(promptOf(talk, 2).at(-1)!.content).toContain('quota_exceeded');
  const used = (await storageUsed(app, person)).workspaces!;
  expect([used > 3_000, used <= 5_000]).toEqual([true, true]);
  await expectQuotaCounters(app);
});
