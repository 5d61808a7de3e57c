import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { dataOf, openScriptedThread } from '../support/agent/agent.ts';
import { callsTools } from '../support/agent/tools.ts';
import { chat } from '../support/agent/vendor.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { stage } from '../support/http/forms.ts';
import { userWithFiles } from '../support/resources/files.ts';
import { limitSetter } from '../support/resources/quotas.ts';

/* The limits of tools and inputs, each reached once through HTTP. Those of sub-agents are in `runs/subagents`, those of sizes of skills in
   `api/models/skills.test.ts`, those of images and texts in `api/threads/attachments.multipart.test.ts`, and all quotas of rows in `routes/quotas.test.ts`. */

const app = await startTestApp({ ARKLOOP_CODE_SANDBOX: 'wasm' });
const MiB = 2 ** 20;

const code = (text: string, more: object = {}) => ['run_code', { language: 'javascript', code: text, paths: ['/small'], ...more }] as const;
const schedule = (cron: string) => ['schedule_create', { name: 'Later', cron, timezone: 'UTC', input: 'Go!' }] as const;

type Expected = { error_class: string; message: unknown; details?: unknown };
const failed = (message: unknown, details?: object): Expected => ({
  error_class: 'tool.execution_failed',
  message,
  ...(details && { details }),
});
const invalid = (message: unknown, details?: object): Expected => ({
  error_class: 'tool.args_invalid',
  message,
  ...(details && { details }),
});
const has = (text: string) => expect.stringContaining(text);

const calls: readonly (readonly [name: string, args: object, error: Expected])[] = [
  [
    'workspace_edit',
    { path: '/large', old_text: 'END', new_text: 'x'.repeat(200) },
    failed(has('1 MiB'), { reason: 'file_too_large', max_bytes: MiB }),
  ],
  ['workspace_write', { path: '/new', content: 'x' }, failed(has('5000 files'), { reason: 'workspace_full' })],
  [...code('for (;;) {}', { timeout: 1 }), failed(has('1 s'), { reason: 'time_limit' })],
  [...code('for (;;) console.log("x".repeat(100_000))'), failed(has('printed'), { reason: 'output_limit' })],
  [...code('for (let n = 0; n < 201; n++) workspace.write("f" + n, "x")'), failed(has('200 files'), { reason: 'files_limit' })],
  [
    ...code('1', { paths: ['/'] }),
    failed(has('more than the 1000 files'), {
      ...{ reason: 'input_limit', files: 5_000, bytes: expect.any(Number) },
      ...{ max_files: 1_000, max_bytes: 48 * MiB },
    }),
  ],
  ['memory_write', { content: 'x'.repeat(501) }, invalid(has('at most 500 characters'))],
  [
    'memory_write',
    { content: 'Likes tea.' },
    failed(has('At most 1 memories'), { reason: 'memory_limit', key: 'limit.memories_per_user', limit: 1, required: 2 }),
  ],
  [...schedule('*/5 * * * *'), failed(has('cron: '), { reason: 'interval_too_short' })],
  [
    ...schedule('0 9 * * *'),
    failed(has('At most 1 schedules'), { reason: 'quota_exceeded', key: 'limit.schedules', limit: 1, required: 2 }),
  ],
  ['spawn_agent', { input: 'é'.repeat(17_000) }, invalid(has('at most 32768 bytes'))],
  // Last, because a prompt with it is summarized, which takes further answers of the model.
  ['workspace_write', { path: '/a', content: 'x'.repeat(MiB + 1) }, invalid(has('1 MiB'), { reason: 'file_too_large', max_bytes: MiB })],
];

test('each limit of the tools is an error of the call that names it, and the run continues', async () => {
  const files = await userWithFiles(app);
  const person = files.me;
  const { token } = person;
  const one = { type: 'file' as const, size: 1, sha256: createHash('sha256').update('x').digest('hex') };
  await files.write(
    { '/large': `${'x'.repeat(MiB - 100)}END`, '/small': 'x' },
    Array.from({ length: 4_998 }, (_, at) => ({ ...one, path: `/many/${at}` })),
  );
  const limit = await limitSetter(app);
  await limit(person, 'limit.memories_per_user', 1);
  await limit(person, 'limit.schedules', 1);
  await limit(person, 'limit.schedule_min_interval_seconds', 3_600);
  await app.call('POST', '/v1/memories', { token, body: { content: 'Likes coffee.' } });
  const body = { name: 'First', cron: '0 8 * * *', input: 'Go!' };
  expect((await app.call('POST', '/v1/schedules', { token, body })).status).toBe(201);

  // One call per turn, because a failure skips the later calls of the turn.
  const script = [...calls.map(([name, args]) => callsTools([name, args])), ...Array(4).fill(chat.answer('Done.'))];
  const persona = { tool_allowlist: ['workspace', 'code', 'memory', 'schedules', 'subagents'] };
  const { events } = await (await openScriptedThread(app, { person, script, persona })).run();
  expect(events.at(-1)).toMatchObject({ type: 'run.completed' });
  const results = dataOf(events, 'tool.result');
  expect(results.map(({ tool_name: name, error }) => [name, error])).toEqual(calls.map(([name, , error]) => [name, error]));
});

test('each limit of what is sent is an error that names it', async () => {
  const person = await app.signUp();
  const { token } = person;
  const message = { role: 'user', content: 'Hi' };
  const complete = (body: object) =>
    app.call('POST', '/v1/chat/completions', { token, body: { model: 'm', messages: [message], ...body } });
  const tool = (_: unknown, at: number) => ({ type: 'function', function: { name: `t${at}` } });
  const skill = { path: 'SKILL.md', content: '---\nname: many\ndescription: Many files.\n---\n' };
  const sent = {
    'a document': await stage(app, person, {
      filename: 'a.pdf',
      content: Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(10 * MiB)]),
    }),
    'messages of a completion': await complete({ messages: Array.from({ length: 2_049 }, () => message) }),
    'tools of a completion': await complete({ tools: Array.from({ length: 129 }, tool) }),
    'bytes of a completion': await complete({ messages: [{ role: 'user', content: 'x'.repeat(8 * MiB) }] }),
    'files of a skill': await app.call('POST', '/v1/skills', {
      token,
      body: { files: [skill, ...Array.from({ length: 100 }, (_, at) => ({ path: `${at}`, content: '' }))] },
    }),
    'input of a schedule': await app.call('POST', '/v1/schedules', {
      token,
      body: { name: 'a', cron: '0 8 * * *', input: 'x'.repeat(20_001) },
    }),
  };
  const tooMany = (path: string, text: string) => [400, { issues: [{ location: 'body', path, message: has(text) }] }];
  expect(Object.fromEntries(Object.entries(sent).map(([what, { status, body }]) => [what, [status, body.details]]))).toEqual({
    'a document': [413, { reason: 'file_too_large', kind: 'file', max_bytes: 10 * MiB }],
    'messages of a completion': tooMany('/messages', '2048'),
    'tools of a completion': tooMany('/tools', '128'),
    'bytes of a completion': [413, {}],
    'files of a skill': tooMany('/files', '100'),
    'input of a schedule': tooMany('/input', '20000'),
  });
});
