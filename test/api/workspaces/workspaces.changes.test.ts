import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { formOf } from '../../support/http/forms.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { bytesOf, userWithFiles } from '../../support/resources/files.ts';
import { expectQuotaCounters, limitSetter } from '../../support/resources/quotas.ts';
import { readZip } from '../../support/resources/zip.ts';

const app = await sharedTestApp();
const { call, sql } = app;
const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const etag = (content: string) => `"${sha256(content)}"`;

/** A user, and calls that change the files of their default project. */
async function openFiles() {
  const files = await userWithFiles(app);
  const base = `/v1/projects/${files.project}/workspace`;
  const at = (path: string) => `?path=${encodeURIComponent(path)}`;
  return {
    ...files,
    base,
    upload: (path: string, content: string | Buffer, headers: Record<string, string> = {}, { token }: Pick<Person, 'token'> = files.me) => {
      const form = formOf([{ filename: 'ignored', content }]);
      return call('PUT', `${base}/file${at(path)}`, { token, raw: form.raw, headers: { ...form.headers, ...headers } });
    },
    rename: (path: string, new_path: string, headers: Record<string, string> = {}) =>
      call('POST', `${base}/rename`, { token: files.me.token, headers, body: { path, new_path } }),
    remove: (path: string, query = '', headers: Record<string, string> = {}) =>
      call('DELETE', `${base}/file${at(path)}${query}`, { token: files.me.token, headers }),
    archive: (path?: string, headers: Record<string, string> = {}) =>
      fetch(`${app.url}${base}/archive${path === undefined ? '' : at(path)}`, {
        headers: { authorization: `Bearer ${files.me.token}`, ...headers },
      }),
    /** All paths, in order. */
    paths: async () =>
      Object.keys(readZip(await bytesOf(await fetchArchive(files.me, base)))).map((name) => name.slice('workspace'.length)),
  };
}
const fetchArchive = ({ token }: Person, base: string) =>
  fetch(`${app.url}${base}/archive`, { headers: { authorization: `Bearer ${token}` } });

test('an uploaded file is listed and downloaded, replaced with If-Match, and audited', async () => {
  const { me, project, upload, list, file } = await openFiles();
  const first = await upload('docs//./a.md', 'one');
  const item = { name: 'a.md', path: '/docs/a.md', type: 'file', size: 3, mime_type: 'text/markdown', sha256: sha256('one') };
  expect([first.status, first.body]).toEqual([200, { ...item, mtime_unix_ms: expect.any(Number) }]);
  expect((await list('/docs')).body.items).toEqual([first.body]);
  expect((await file('/docs/a.md')).headers.get('etag')).toBe(etag('one'));

  const stale = await upload('/docs/a.md', 'two', { 'if-match': etag('zero') });
  expect([...statusAndReason(stale), stale.body.details.sha256]).toEqual([409, 'revision_conflict', sha256('one')]);
  expect(statusAndReason(await upload('/docs/a.md', 'two', { 'if-none-match': '*' }))).toEqual([409, 'revision_conflict']);
  expect(statusAndReason(await upload('/docs/a.md', 'two', { 'if-match': `W/${etag('one')}` }))).toEqual([409, 'revision_conflict']);
  expect((await upload('/docs/a.md', 'two', { 'if-match': `"x", ${etag('one')}` })).status).toBe(200);
  expect((await upload('/docs/a.md', '', { 'if-match': '*' })).body.size).toBe(0);
  const missing = await upload('/docs/b.md', 'b', { 'if-match': '*' });
  expect([...statusAndReason(missing), missing.body.details.sha256]).toEqual([409, 'revision_conflict', null]);
  expect((await upload('/docs/b.md', 'b', { 'if-none-match': '*' })).status).toBe(200);
  expect((await upload('/docs/b.md', 'b', { 'if-none-match': '"x"' })).status).toBe(200);

  const audit = await sql('select action, target_id, metadata from audit_logs where actor_user_id = $1 and action like $2 order by id', [
    me.id,
    'workspace.%',
  ]);
  expect(audit[0]).toMatchObject({ action: 'workspace.upload', target_id: project, metadata: { path: '/docs/a.md', size: 3 } });
  expect(audit).toHaveLength(5);
});

test('paths outside of the workspace, unportable names and names in the way are rejected', async () => {
  const { upload, rename, write, paths } = await openFiles();
  await write({ '/file': 'f', '/Folder/é.txt': 'é', [`/${'long'.repeat(100)}`]: 'by a run' }, [
    { path: '/link', type: 'symlink', size: 3 },
  ]);
  const bad = [
    '../x',
    '/a/../../x',
    'a\\b',
    'a\0b',
    '/',
    '',
    '.',
    'a\nb',
    '\u007f',
    '\u0085',
    'photo\u202egnp.exe',
    'a/\u2066b',
    'x'.repeat(256),
    `${'é'.repeat(128)}`,
    'a/'.repeat(2_500),
  ];
  for (const path of bad) {
    expect([path, ...statusAndReason(await upload(path, 'x'))]).toEqual([path, 400, 'invalid_path']);
    if (path !== 'a\0b') expect([path, ...statusAndReason(await rename('/file', path))]).toEqual([path, 400, 'invalid_path']);
  }
  const taken = [
    '/Folder',
    '/link',
    '/file/below',
    '/link/below',
    '/FILE',
    '/folder/b.txt',
    '/Folder/e\u0301.txt',
    '/Folder/É.TXT',
    '/folder',
  ];
  for (const path of taken) {
    expect([path, ...statusAndReason(await upload(path, 'x'))]).toEqual([path, 409, 'path_taken']);
    if (path !== '/FILE' && path !== '/file/below')
      expect([path, ...statusAndReason(await rename('/file', path))]).toEqual([path, 409, 'path_taken']);
  }
  // Odd names are names.
  for (const path of ['%2e%2e/x', '...', ' ', '🎈/‏', 'CON', 'a:b', '__proto__', 'x'.repeat(255)])
    expect((await upload(path, 'x')).status).toBe(200);
  // A name that only runs may give can be changed.
  expect((await rename('long'.repeat(100), 'short')).body).toMatchObject({ path: '/short', type: 'file' });
  expect((await paths()).length).toBe(11);
});

test('files and folders are renamed and deleted, with their version', async () => {
  const { upload, rename, remove, list, paths, file } = await openFiles();
  for (const path of ['/a/b/c.txt', '/a/d.txt', '/ab.txt']) await upload(path, path);
  expect((await rename('/a', '/z/y')).body).toEqual({ name: 'y', path: '/z/y', type: 'dir', has_children: true });
  expect(await paths()).toEqual(['/ab.txt', '/z/y/b/c.txt', '/z/y/d.txt']);
  expect(await (await file('/z/y/b/c.txt')).text()).toBe('/a/b/c.txt');
  expect((await list('/a')).body.items).toEqual([]);
  expect((await rename('/ab.txt', '/AB.txt')).body).toMatchObject({ path: '/AB.txt', size: 7 });
  expect(statusAndReason(await rename('/AB.txt', '/x', { 'if-match': etag('other') }))).toEqual([409, 'revision_conflict']);
  expect(statusAndReason(await rename('/AB.txt', '/z/y/d.txt'))).toEqual([409, 'path_taken']);
  expect(statusAndReason(await rename('/z', '/z/y/x'))).toEqual([400, 'invalid_path']);
  const absent = await rename('/absent', '/x');
  expect([absent.status, absent.body.details.code]).toEqual([404, 'workspace_files.not_found']);
  // Moving a folder must not make a path that is too long.
  await upload(`/deep/${Array.from({ length: 15 }, () => 'd'.repeat(250)).join('/')}`, 'x');
  expect(statusAndReason(await rename('/deep', `/${'e'.repeat(250)}/${'e'.repeat(250)}`))).toEqual([400, 'invalid_path']);

  expect(statusAndReason(await remove('/z'))).toEqual([409, 'folder_not_empty']);
  expect(statusAndReason(await remove('/AB.txt', '', { 'if-match': etag('other') }))).toEqual([409, 'revision_conflict']);
  expect((await remove('/AB.txt', '', { 'if-match': etag('/ab.txt') })).status).toBe(204);
  expect((await remove('/AB.txt')).status).toBe(404);
  expect((await remove('/z', '&recursive=true')).status).toBe(204);
  expect(statusAndReason(await remove('/', '&recursive=true'))).toEqual([400, 'invalid_path']);
  expect((await remove('/deep', '&recursive=1')).status).toBe(204);
  expect(await paths()).toEqual([]);
});

test('a folder is downloaded as one zip file of one revision', async () => {
  const { upload, write, archive, file } = await openFiles();
  expect(Object.keys(readZip(await bytesOf(await archive())))).toEqual([]);
  const large = randomBytes(3 * 2 ** 20);
  await write(
    { '/docs/é 🎈.txt': 'text', '/docs/sub/large.bin': large, '/C:/x': 'drive', '/empty': '', '/photo\u202egnp.exe': 'by a run' },
    [
      { path: '/link', type: 'symlink', size: 3 },
      { path: '/folder', type: 'dir' },
    ],
  );
  const whole = await archive();
  expect(
    Object.fromEntries(['content-type', 'content-disposition', 'content-security-policy'].map((name) => [name, whole.headers.get(name)])),
  ).toEqual({
    'content-type': 'application/zip',
    'content-disposition': "attachment; filename*=UTF-8''workspace.zip",
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  });
  const bytes = await bytesOf(whole);
  expect(Number(whole.headers.get('content-length'))).toBe(bytes.length);
  const files = readZip(bytes);
  expect(Object.keys(files)).toEqual(
    ['C_/x', 'docs/sub/large.bin', 'docs/é 🎈.txt', 'empty', 'photo_gnp.exe'].map((name) => `workspace/${name}`),
  );
  expect([files['workspace/docs/sub/large.bin']!.equals(large), `${files['workspace/docs/é 🎈.txt']}`]).toEqual([true, 'text']);
  expect(Object.keys(readZip(await bytesOf(await archive('/docs/sub'))))).toEqual(['sub/large.bin']);
  expect(Object.keys(readZip(await bytesOf(await archive('/folder'))))).toEqual([]);
  expect([(await archive('/absent')).status, (await archive('/empty')).status, (await archive('../x')).status]).toEqual([404, 404, 400]);
  expect((await file('/photo\u202egnp.exe')).headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''photognp.exe");
  const known = { 'if-none-match': whole.headers.get('etag')! };
  expect((await archive('/', known)).status).toBe(304);
  await upload('/new', 'x');
  expect((await archive('/', known)).status).toBe(200);
});

test('limits: the size of a file, the number of files, the bytes of a workspace, and the quota of the account', async () => {
  const { me, upload, rename, remove, write } = await openFiles();
  const most = 20 * 2 ** 20;
  expect((await upload('/large', Buffer.alloc(most))).body.size).toBe(most);
  const over = await upload('/larger', Buffer.alloc(most + 1));
  expect([...statusAndReason(over), over.body.details.max_bytes]).toEqual([413, 'file_too_large', most]);
  const one = { type: 'file' as const, sha256: sha256('x') };
  await write(
    { '/own': 'x' },
    Array.from({ length: 4_999 }, (_, at) => ({ ...one, path: `/d/${at}`, size: 1 })),
  );
  expect(statusAndReason(await upload('/more', 'x'))).toEqual([409, 'workspace_full']);
  expect((await upload('/own', 'xx')).status).toBe(200);
  expect((await rename('/d', '/e')).status).toBe(200);
  await write({ '/own': 'x' }, [{ ...one, path: '/big', size: 200 * 2 ** 20 - 2 }]);
  expect(statusAndReason(await upload('/more', 'xx'))).toEqual([409, 'workspace_full']);
  await write({ '/own': 'x' });
  await (
    await limitSetter(app)
  )(me, 'quota.workspace_bytes', 1_000);
  expect(statusAndReason(await upload('/more', 'x'.repeat(1_000)))).toEqual([409, 'quota_exceeded']);
  // Files can be removed when the account is full.
  expect([(await rename('/own', '/renamed')).status, (await remove('/renamed')).status]).toEqual([200, 204]);
  await expectQuotaCounters(app);
});

test('paths have at most 1 MiB together, and old revisions of a full account are bounded', async () => {
  const { me, base, upload, rename, remove, write } = await openFiles();
  const one = { type: 'file' as const, sha256: sha256('x'), size: 1 };
  const name = 'n'.repeat(250);
  // More than users can create.
  await write(
    { '/own': 'x' },
    Array.from({ length: 1_100 }, (_, at) => ({ ...one, path: `/d/${at}/${name}/${name}/${name}/${name}` })),
  );
  expect(statusAndReason(await upload('/more', 'x'))).toEqual([409, 'workspace_full']);
  expect(statusAndReason(await rename('/d', '/longer'))).toEqual([409, 'workspace_full']);
  expect([(await upload('/own', 'xx')).status, (await rename('/d', '/e')).status]).toEqual([200, 200]);
  expect((await remove('/e', '&recursive=true')).status).toBe(204);
  expect((await upload('/more', 'x')).status).toBe(200);

  const ref = (await call('GET', base, { token: me.token })).body.workspace_ref;
  await sql(`insert into workspace_objects (account_id, workspace_ref, name, size) values ($1, $2, 'manifests/old.json', $3)`, [
    me.accountId,
    ref,
    64 * 2 ** 20,
  ]);
  expect([(await rename('/own', '/a')).status, (await rename('/a', '/b')).status]).toEqual([200, 200]);
  await (
    await limitSetter(app)
  )(me, 'quota.workspace_bytes', 1_000);
  expect(statusAndReason(await rename('/b', '/a'))).toEqual([409, 'quota_exceeded']);
  expect(statusAndReason(await remove('/b'))).toEqual([409, 'quota_exceeded']);
  await sql(`delete from workspace_objects where workspace_ref = $1 and name = 'manifests/old.json'`, [ref]);
  expect([(await rename('/b', '/a')).status, (await remove('/a')).status]).toEqual([200, 204]);
  await expectQuotaCounters(app);
});

test('twenty uploads at once are all stored, and of ten with the same version one wins', async () => {
  const { upload, paths, file } = await openFiles();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => upload(`/f/${String(at).padStart(2, '0')}`, `${at}`)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect((await paths()).length).toBe(20);
  const races = await Promise.all(Array.from({ length: 10 }, (_, at) => upload('/f/00', `race ${at}`, { 'if-match': etag('0') })));
  const won = races.flatMap(({ status }, at) => (status === 200 ? [at] : []));
  expect([won.length, await (await file('/f/00')).text()]).toEqual([1, `race ${won[0]}`]);
});

test('each member changes only their own files, and a reader of a shared project may', async () => {
  const owner = await openFiles();
  await owner.upload('/secret', 'owner');
  const guest = await app.signUp();
  expect((await owner.upload('/x', 'x', {}, guest)).status).toBe(404);
  await app.joinAccount(guest, owner.me);
  await sql(`update projects set visibility = 'shared' where id = $1`, [owner.project]);
  const inAccount = { 'x-account-id': owner.me.accountId };
  expect((await owner.upload('/mine', 'guest', inAccount, guest)).status).toBe(200);
  const listed = await call('GET', `${owner.base}/files`, { token: guest.token, headers: inAccount });
  expect(listed.body.items.map(({ name }: { name: string }) => name)).toEqual(['mine']);
  const stolen = await call('DELETE', `${owner.base}/file?path=/secret`, { token: guest.token, headers: inAccount });
  expect([stolen.status, await owner.paths()]).toEqual([404, ['/secret']]);
});
