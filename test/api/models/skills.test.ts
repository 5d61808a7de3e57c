import { expect, test } from 'vitest';
import { Skill, SkillDetails } from '../../../contract/skills.ts';
import { addPersona } from '../../support/agent/personas.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently } from '../../support/checks/race.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { zipOf } from '../../support/http/zip.ts';

const app = await sharedTestApp();
const { call, sql } = app;

const instructions = (name: string, more = '') => `---\nname: ${name}\ndescription: Writes ${name}.\n${more}---\n\n# How\n`;
const filesOf = (name: string, ...more: object[]) => ({ files: [{ path: 'SKILL.md', content: instructions(name) }, ...more] });
const create = ({ token }: Person, body: object) => call('POST', '/v1/skills', { token, body });
const get = ({ token }: Person, id: string) => call('GET', `/v1/skills/${id}`, { token });
const file = ({ token }: Person, id: string, path: string, headers = {}) =>
  call('GET', `/v1/skills/${id}/file?path=${encodeURIComponent(path)}`, { token, headers });
const zipped = (...entries: Parameters<typeof zipOf>) => ({ zip: zipOf(...entries).toString('base64') });

test('a skill is created from files, read, replaced, disabled and deleted', async () => {
  const owner = await app.signUp();
  const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]);
  const made = await create(
    owner,
    filesOf(
      'release-notes',
      { path: 'references/Stil ü.md', content: 'Kurz.' },
      { path: 'assets/logo.png', content: picture.toString('base64'), encoding: 'base64' },
      { path: 'empty.txt', content: '' },
    ),
  );
  expect(made.status).toBe(201);
  expect(SkillDetails.parse(made.body)).toEqual(made.body);
  const { id, files, ...skill } = made.body;
  expect(skill).toMatchObject({ account_id: owner.accountId, name: 'release-notes', description: 'Writes release-notes.' });
  expect(skill).toMatchObject({ is_active: true, file_count: 4 });
  expect(files.map(({ path, size, mime_type }: any) => [path, size, mime_type])).toEqual([
    ['SKILL.md', instructions('release-notes').length, 'text/markdown'],
    ['assets/logo.png', 7, 'image/png'],
    ['empty.txt', 0, 'text/plain'],
    ['references/Stil ü.md', 5, 'text/markdown'],
  ]);
  expect(await get(owner, id)).toMatchObject({ status: 200, body: made.body });
  const listed = await call('GET', '/v1/skills', { token: owner.token });
  expect(listed.body).toEqual([Skill.parse(made.body)]);

  const sent = await file(owner, id, 'references/Stil ü.md');
  expect([sent.status, sent.text, sent.headers.get('content-type')]).toEqual([200, 'Kurz.', 'text/markdown; charset=utf-8']);
  expect(sent.headers.get('content-disposition')).toMatch(/^attachment; /);
  expect(sent.headers.get('content-security-policy')).toContain('sandbox');
  expect((await file(owner, id, 'empty.txt')).text).toBe('');
  const etag = sent.headers.get('etag')!;
  expect((await file(owner, id, 'references/Stil ü.md', { 'if-none-match': etag })).status).toBe(304);
  for (const path of ['../SKILL.md', '/SKILL.md', 'skill.md', 'references']) expect((await file(owner, id, path)).status).toBe(404);

  const replace = (body: object) => call('PUT', `/v1/skills/${id}`, { token: owner.token, body });
  const renamed = await replace(filesOf('other'));
  expect([...statusAndReason(renamed), issuesOf(renamed)]).toEqual([400, 'invalid_skill', expect.anything()]);
  const replaced = await replace({ files: [{ path: 'SKILL.md', content: instructions('release-notes').replace('Writes', 'Now writes') }] });
  expect(replaced).toMatchObject({ status: 200, body: { id, description: 'Now writes release-notes.', file_count: 1 } });
  expect((await file(owner, id, 'empty.txt')).status).toBe(404);

  const turned = await call('PATCH', `/v1/skills/${id}`, { token: owner.token, body: { is_active: false } });
  expect(turned.body).toEqual({ ...replaced.body, is_active: false, updated_at: turned.body.updated_at });
  expect(await call('DELETE', `/v1/skills/${id}`, { token: owner.token })).toMatchObject({ status: 204 });
  expect((await get(owner, id)).status).toBe(404);
  expect(await sql('select path from skill_files where skill_id = $1', [id])).toEqual([]);
  const entries = await sql(`select action, metadata from audit_logs where target_id = $1 order by created_at, id`, [id]);
  expect(entries.map(({ action }: any) => action)).toEqual(['skill.create', 'skill.replace', 'skill.update', 'skill.delete']);
  expect(entries.at(-1).metadata).toMatchObject({ name: 'release-notes' });
});

test('a zip archive is unpacked, with or without the folder of the skill', async () => {
  const owner = await app.signUp();
  const inFolder = await create(
    owner,
    zipped(
      { path: 'reports/', mode: 0o40755 },
      {
        path: 'reports/SKILL.md',
        content: `\ufeff${instructions('reports', 'license: MIT\nmetadata: {author: me}\n').replace(/\n/g, '\r\n')}`,
      },
      { path: 'reports/scripts/make.py', content: 'print(1)' },
      { path: 'reports/.DS_Store', content: 'x' },
      { path: '__MACOSX/reports/._SKILL.md', content: 'x' },
    ),
  );
  expect(inFolder).toMatchObject({ status: 201, body: { name: 'reports', file_count: 2 } });
  const atRoot = await create(owner, zipped({ path: 'SKILL.md', content: instructions('root') }, { path: 'a/b.txt', content: 'b' }));
  expect(atRoot.body.files.map(({ path }: any) => path)).toEqual(['SKILL.md', 'a/b.txt']);
  expect((await file(owner, atRoot.body.id, 'a/b.txt')).text).toBe('b');
});

const MiB = 2 ** 20;
const md = { path: 'SKILL.md', content: instructions('bad') };
const header = (yaml: string) => ({ files: [{ path: 'SKILL.md', content: `---\n${yaml}\n---\n` }] });
const archive = (...entries: Parameters<typeof zipOf>) => zipped(md, ...entries);
const invalid: Record<string, [body: object, message: RegExp]> = {
  'no instructions': [{ files: [{ path: 'readme.md', content: '' }] }, /no SKILL\.md/],
  'no front matter': [{ files: [{ path: 'SKILL.md', content: '# Hi' }] }, /front matter/],
  'front matter without end': [{ files: [{ path: 'SKILL.md', content: '---\nname: a\n' }] }, /front matter/],
  'malformed YAML': [header('name: [a'), /not YAML/],
  'a YAML alias': [header('a: &a [1]\nb: [*a, *a]\nname: bad\ndescription: d'), /not YAML/],
  'a deeply nested YAML': [header(`name: ${'['.repeat(8_000)}`), /not YAML/],
  'a long front matter': [header(`name: bad\ndescription: d\nx: ${'x'.repeat(17_000)}`), /characters of front matter/],
  'no description': [header('name: bad'), /description/],
  'a name that is a number': [header('name: 12\ndescription: d'), /name/],
  'an uppercase name': [header('name: Bad\ndescription: d'), /name/],
  'a name that ends with a hyphen': [header('name: bad-\ndescription: d'), /name/],
  'a long name': [header(`name: ${'a'.repeat(65)}\ndescription: d`), /name/],
  'a blank description': [header('name: bad\ndescription: "  "'), /description/],
  'a long description': [header(`name: bad\ndescription: ${'d'.repeat(1_025)}`), /description/],
  'a control character': [header('name: bad\ndescription: "a\\0b"'), /description/],
  'binary instructions': [{ files: [{ ...md, content: '/9j/', encoding: 'base64' }] }, /UTF-8/],
  'large instructions': [{ files: [{ ...md, content: md.content + 'x'.repeat(131_072) }] }, /128 KiB/],
  'an absolute path': [filesOf('bad', { path: '/etc/passwd', content: '' }), /not a path/],
  'a path that leaves the folder': [filesOf('bad', { path: 'a/../../b', content: '' }), /not a path/],
  'a backslash': [filesOf('bad', { path: 'a\\b', content: '' }), /not a path/],
  'a direction control': [filesOf('bad', { path: 'a\u202eb', content: '' }), /not a path/],
  'an empty segment': [filesOf('bad', { path: 'a//b', content: '' }), /not a path/],
  'a path twice': [filesOf('bad', { path: 'é', content: '' }, { path: 'e\u0301', content: '' }), /twice/],
  'a file that is a folder': [filesOf('bad', { path: 'a/b', content: '' }, { path: 'a', content: '' }), /both/],
  'broken base64': [filesOf('bad', { path: 'a', content: '%%%', encoding: 'base64' }), /not base64/],
  'files that are too large': [filesOf('bad', { path: 'a', content: 'x'.repeat(2 * MiB) }), /2 MiB/],
  'no archive': [{ zip: Buffer.from('no zip').toString('base64') }, /not a readable zip/],
  'a cut archive': [{ zip: zipOf(md).subarray(0, -10).toString('base64') }, /not a readable zip/],
  'an archive that leaves its folder': [archive({ path: '../x' }), /not a readable zip/],
  'an absolute path in an archive': [archive({ path: '/x' }), /not a readable zip/],
  'a symbolic link': [archive({ path: 'x', content: '/etc/passwd', mode: 0o120777 }), /link/],
  'an encrypted archive': [archive({ path: 'x', content: 'x', encrypted: true }), /encrypted/],
  'a zip bomb': [archive({ path: 'x', content: Buffer.alloc(64 * MiB) }), /too large when unpacked/],
  'a zip bomb that states a small size': [archive({ path: 'x', content: Buffer.alloc(64 * MiB), statedSize: 10 }), /not a readable zip/],
  'an archive of many files': [archive(...Array.from({ length: 100 }, (_, at) => ({ path: `f${at}` }))), /more than 100 files/],
  'an archive of very many files': [archive(...Array.from({ length: 400 }, (_, at) => ({ path: `f${at}` }))), /more than 400 entries/],
};

test('unusable content is 400 invalid_skill with the reason, and nothing is stored', async () => {
  const owner = await app.signUp();
  for (const [what, [body, message]] of Object.entries(invalid)) {
    const answer = await create(owner, body);
    expect([what, ...statusAndReason(answer)]).toEqual([what, 400, 'invalid_skill']);
    expect(answer.body.details.issues[0].message, what).toMatch(message);
  }
  expect(statusAndReason(await create(owner, {}))).toEqual([400, 'inconsistent_values']);
  expect(statusAndReason(await create(owner, { ...filesOf('both'), zip: 'UEs=' }))).toEqual([400, 'inconsistent_values']);
  expect((await call('GET', '/v1/skills', { token: owner.token })).body).toEqual([]);
});

test('names are unique in an account, also for concurrent requests', async () => {
  const [owner, stranger] = [await app.signUp(), await app.signUp()];
  const answers = await concurrently(4, () => create(owner, filesOf('same')));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  expect(statusAndReason(answers.find(({ status }) => status === 409)!)).toEqual([409, 'name_conflict']);
  expect((await create(stranger, filesOf('same'))).status).toBe(201);
});

test('members read skills; only those who manage personas change them; other accounts see nothing', async () => {
  const [owner, member, stranger] = [await app.signUp(), await app.signUp(), await app.signUp()];
  await app.joinAccount(member, owner);
  const { id } = (await create(owner, filesOf('shared'))).body;
  const as = { token: member.token, headers: { 'x-account-id': owner.accountId } };
  expect(await call('GET', `/v1/skills/${id}`, as)).toMatchObject({ status: 200, body: { name: 'shared' } });
  expect((await call('GET', `/v1/skills/${id}/file?path=SKILL.md`, as)).status).toBe(200);
  const changes: [string, string, object?][] = [
    ['POST', '/v1/skills', filesOf('mine')],
    ['PUT', `/v1/skills/${id}`, filesOf('shared')],
    ['PATCH', `/v1/skills/${id}`, { is_active: false }],
    ['DELETE', `/v1/skills/${id}`],
  ];
  for (const [method, path, body] of changes) {
    expect(statusAndReason(await call(method, path, { ...as, body }))).toEqual([403, 'missing_permission']);
    if (method !== 'POST') expect((await call(method, path, { token: stranger.token, body })).status).toBe(404);
  }
  expect((await file(stranger, id, 'SKILL.md')).status).toBe(404);
});

test('a skill that a persona lists is not deleted until the persona no longer lists it', async () => {
  const owner = await app.signUp();
  const { id } = (await create(owner, filesOf('listed'))).body;
  const persona = await addPersona(app, owner, { persona_key: 'writer', skills: ['listed', 'listed', 'unknown'] });
  expect(persona.skills).toEqual(['listed', 'unknown']);
  const remove = () => call('DELETE', `/v1/skills/${id}`, { token: owner.token });
  const refused = await remove();
  expect(statusAndReason(refused)).toEqual([409, 'skill_in_use']);
  expect(refused.body).toMatchObject({ message: 'The skill is listed by the persona writer.', details: { persona_keys: ['writer'] } });
  await call('PATCH', `/v1/personas/${persona.id}`, { token: owner.token, body: { skills: [] } });
  expect((await remove()).status).toBe(204);
  const wrong = await call('PATCH', `/v1/personas/${persona.id}`, { token: owner.token, body: { skills: ['Not A Name'] } });
  expect(wrong.status).toBe(400);
});
