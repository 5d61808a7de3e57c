import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { bytesOf, userWithFiles } from '../../support/resources/files.ts';

const app = await sharedTestApp();

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const names = ({ body }: { body: any }) => body.items.map(({ name }: { name: string }) => name);

describe('paths', () => {
  test('paths above the root, backslashes and U+0000 are rejected', async () => {
    const { write, ask } = await userWithFiles(app);
    await write({ 'top.txt': 'top', '%2e%2e': 'never' });
    const bad = [
      '../secret.txt',
      '/a/../../b',
      '%2e%2e%2fx',
      '..%2f',
      '%2e%2e/',
      'a%5C..%5Cb',
      '..\\x',
      'a%00',
      '%00',
      `a/${'b'.repeat(4_095)}`,
      `${'%C3%A9'.repeat(2_049)}`,
    ];
    for (const path of bad)
      for (const below of ['/file', '/files']) {
        const answer = await ask(`${below}?path=${path}`);
        expect([path, ...statusAndReason(answer), answer.body.details.code]).toEqual([
          path,
          400,
          'invalid_path',
          'workspace_files.invalid_path',
        ]);
        expect(answer.body.details.issues).toContainEqual({
          location: 'query',
          path: 'path',
          message: expect.any(String),
          reason: 'invalid_path',
        });
      }
    for (const root of ['', '/', '.', 'a/..', '//', '/./']) {
      expect([root, ...statusAndReason(await ask(`/file?path=${root}`))]).toEqual([root, 400, 'invalid_path']);
      expect([root, names(await ask(`/files?path=${root}`))]).toEqual([root, ['%2e%2e', 'top.txt']]);
    }
    for (const good of ['a/../top.txt', '/top.txt', '//top.txt', './top.txt', 'top.txt/', '%74op.txt', 'top%2Etxt'])
      expect([good, (await ask(`/file?path=${good}`)).text]).toEqual([good, 'top']);
    expect((await ask('/file?path=%252e%252e')).text).toBe('never');
    expect((await ask('/file?path=%252e%252e%252f')).status).toBe(404);
    expect((await ask('/file')).body.details.issues).toEqual([{ location: 'query', path: 'path', message: expect.any(String) }]);
    expect((await ask('/file?path=a&path=b')).status).toBe(400);
    expect((await ask('/file?path=%ff')).status).toBe(404);
  });

  test('names are unchanged and sorted by code point', async () => {
    const { write, list, file } = await userWithFiles(app);
    const unicode = [
      'Z',
      'a',
      'é',
      'e\u0301',
      '\u{1f980}',
      '\uff5e',
      'ß',
      '１',
      'a b+c&d=e?#%',
      'new\nline',
      `'"`,
      '-',
      '.hidden',
      'A'.repeat(255),
    ];
    await write(Object.fromEntries(unicode.map((name) => [`dir/${name}`, `content of ${name}`])));
    const order = [...unicode].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(order.indexOf('\uff5e')).toBeLessThan(order.indexOf('\u{1f980}'));
    expect(names(await list('dir'))).toEqual(order);
    for (const name of unicode) expect((await bytesOf(await file(`/dir/${name}`))).toString()).toBe(`content of ${name}`);
    const broken = await file('/dir/new\nline');
    expect(broken.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''new%0Aline`);
  });

  test('files of another user cannot be read by any path', async () => {
    const [mine, theirs] = [await userWithFiles(app), await userWithFiles(app)];
    const { ref } = await mine.write({ 'secret.txt': 'mine' });
    await theirs.write({ 'own.txt': 'theirs' });
    const hashOfMine = sha256('mine');
    for (const path of ['secret.txt', `${ref}/secret.txt`, `workspaces/${ref}/blobs/${hashOfMine}`, hashOfMine])
      expect([path, (await theirs.file(path)).status]).toEqual([path, 404]);
    // Nor by a manifest that names their content hash.
    await theirs.write({}, [{ path: 'stolen', type: 'file', sha256: hashOfMine, size: 4 }]);
    expect((await theirs.file('stolen')).status).toBe(404);
    const foreign = await app.call('GET', `/v1/projects/${mine.project}/workspace/file?path=secret.txt`, { token: theirs.me.token });
    expect([foreign.status, foreign.body.details]).toEqual([404, { code: 'projects.not_found' }]);
  });
});

test('the client returns a file as a blob', async () => {
  const { me, project, write } = await userWithFiles(app);
  await write({ 'a.txt': 'héllo' });
  const client = createClient({ baseUrl: app.url, accessToken: me.token });
  const blob = await client.workspaces.file({ params: { project_id: project }, query: { path: 'a.txt' } });
  expect([blob.type, blob.size, await blob.text()]).toEqual(['text/plain;charset=utf-8', 6, 'héllo']);
  await expect(client.workspaces.file({ params: { project_id: project }, query: { path: '../a' } })).rejects.toMatchObject({
    status: 400,
    reason: 'invalid_path',
  });
});
