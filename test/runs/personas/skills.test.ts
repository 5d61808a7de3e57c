import { expect, test } from 'vitest';
import { dataOf, openScriptedThread, promptOf, toolsOf } from '../../support/agent/agent.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';

const app = await startTestApp({ ARKLOOP_WORKER_CONCURRENCY: '8' });

const skill = (name: string, description: string, ...more: object[]) => ({
  files: [{ path: 'SKILL.md', content: `---\nname: ${name}\ndescription: ${description}\n---\nThe way of ${name}.\n` }, ...more],
});
async function addSkill({ token }: Person, body: object): Promise<string> {
  const answer = await app.call('POST', '/v1/skills', { token, body });
  if (answer.status !== 201) throw new Error(`skill: ${answer.status} ${answer.text}`);
  return answer.body.id;
}
const systemOf = (talk: Parameters<typeof promptOf>[0], at = 0) => promptOf(talk, at)[0]!.content;

test('the model sees the skills by name and description, and loads their texts', async () => {
  const person = await app.signUp();
  const long = `${'line of text é\n'.repeat(3_000)}The end.`;
  const picture = { path: 'logo.png', content: 'iVBORw0KGgoA', encoding: 'base64' };
  await addSkill(person, skill('reports', 'Writes reports.', { path: 'refs/style.md', content: 'Be short.' }, picture));
  await addSkill(person, skill('long', 'Has a long file.', { path: 'long.txt', content: long }));
  await addSkill(await app.signUp(), skill('foreign', 'Of another account.'));
  const manyPaths = Array.from({ length: 60 }, (_, at) => `${'ü'.repeat(150)}/${at}.md`).sort();
  const wide = skill('wide', 'Has many files.', ...manyPaths.map((path) => ({ path, content: 'x' })));
  (wide.files[0] as { content: string }).content += 'Step é by step.\n'.repeat(3_000);
  await addSkill(person, wide);
  const off = await addSkill(person, skill('disabled', 'Is off.'));
  await app.call('PATCH', `/v1/skills/${off}`, { token: person.token, body: { is_active: false } });
  const script = [
    callsTools(
      ['load_skill', { name: 'reports' }],
      ['load_skill', { name: 'reports', file: './refs/style.md' }],
      ['load_skill', { name: 'reports', file: '../../etc/passwd' }],
      ['load_skill', { name: 'reports', file: 'logo.png' }],
      ['load_skill', { name: 'foreign' }],
      ['load_skill', { name: 'disabled' }],
      ['load_skill', { name: 'a\0b', file: '\ud800' }],
      ['load_skill', { name: 'long', file: 'long.txt' }],
    ),
    callsTools(['load_skill', { name: 'long', file: 'long.txt', offset: long.length - 8 }]),
    callsTools(
      ['load_skill', { name: 'wide' }],
      ['load_skill', { name: 'wide', file: 'no.md' }],
      ['load_skill', { name: 'wide', offset: 9 }],
    ),
    chat.answer('Done.'),
  ];
  const talk = await openScriptedThread(app, { person, script });
  const { events } = await talk.run();
  expect(systemOf(talk)).toMatch(
    /# Skills\n\nInstructions [^\n]*load_skill[^\n]*\n\n- long: Has a long file\.\n- reports: Writes reports\.\n- wide: Has many files\.$/,
  );
  const results = dataOf(events, 'tool.result');
  expect(results[0]!.result).toMatchObject({ name: 'reports', file: 'SKILL.md', files: ['logo.png', 'refs/style.md'] });
  expect(results[0]!.result!.content).toContain('The way of reports.');
  expect(results[1]!.result).toEqual({ name: 'reports', file: 'refs/style.md', content: 'Be short.' });
  expect(results.slice(2, 7).map(({ error }) => error?.message)).toEqual([
    'The skill reports has no file ../../etc/passwd. Its files: SKILL.md, logo.png, refs/style.md.',
    'logo.png is not text (9 bytes).',
    'There is no skill named foreign.',
    'There is no skill named disabled.',
    expect.stringMatching(/^There is no skill named/),
  ]);
  const first = results[7]!.result as { content: string; next_offset: number; length: number };
  expect(first).toMatchObject({ next_offset: first.content.length, length: long.length });
  expect(first).not.toHaveProperty('truncated');
  expect(long.startsWith(first.content)).toBe(true);
  expect(results[8]!.result).toEqual({ name: 'long', file: 'long.txt', content: 'The end.' });
  // The paths leave room for the text, which is whole up to `next_offset`.
  const { content, files, ...others } = results[9]!.result as { content: string; files: string[] };
  expect(others).toMatchObject({ next_offset: content.length, more_files: manyPaths.length - files.length });
  expect([content.length > 20_000, content.includes('cut'), others]).toEqual([
    true,
    false,
    expect.not.objectContaining({ truncated: true }),
  ]);
  expect(files.length).toBeGreaterThan(5);
  expect(manyPaths).toEqual(expect.arrayContaining(files));
  expect(results[10]!.error?.message).toMatch(/no file no\.md\. Its files: .*, and \d+ more\.$/);
  expect(results[11]!.result).not.toHaveProperty('files');
  expect(events.at(-1)!.type).toBe('run.completed');
});

test('a persona limits the skills, or turns them off', async () => {
  const talkOf = async (persona: object) => {
    const person = await app.signUp();
    await addSkill(person, skill('one', 'First.'));
    await addSkill(person, skill('two', 'Second.'));
    const script = [callsTools(['load_skill', { name: 'two' }]), chat.answer('Done.')];
    const talk = await openScriptedThread(app, { person, persona, script });
    const { events } = await talk.run();
    const [result] = dataOf(events, 'tool.result');
    return { system: systemOf(talk), tools: toolsOf(talk, 0), error: result!.error?.error_class };
  };
  const limited = await talkOf({ skills: ['one', 'gone'], core_tools: ['ask_user'] });
  expect(limited.system).toMatch(/\n- one: First\.$/);
  expect(limited).toMatchObject({ tools: ['ask_user', 'load_skill', 'load_tools'], error: 'tool.execution_failed' });
  for (const persona of [{ tool_denylist: ['load_skill'] }, { tool_allowlist: ['echo'] }, { skills: ['gone'] }]) {
    const without = await talkOf(persona);
    expect(without).toMatchObject({ system: 'Be brief.', error: 'policy.denied' });
    expect(without.tools).not.toContain('load_skill');
  }
  expect((await talkOf({ tool_allowlist: ['load_skill'] })).error).toBeUndefined();
});

test('a long list of skills names the rest without descriptions', async () => {
  const person = await app.signUp();
  for (let at = 10; at < 30; at++) await addSkill(person, skill(`s${at}`, 'd'.repeat(1_024)));
  const talk = await openScriptedThread(app, { person, script: [chat.answer('Done.')] });
  await talk.run();
  const system = systemOf(talk);
  expect(system.length).toBeLessThan(20_000);
  expect(system).toMatch(/\n- s24: d+\nAlso: s25, s26, s27, s28, s29$/);
});
