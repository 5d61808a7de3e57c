import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { bytesOf, somebodyWithFiles } from '../setup/files.ts';
import { reason } from '../setup/sessions.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const names = ({ body }: { body: any }) => body.items.map(({ name }: { name: string }) => name);

describe('paths', () => {
  test('leaving the root, a backslash and U+0000 are refused, each with its reason', async () => {
    const { write, ask } = await somebodyWithFiles(world);
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
        expect([path, ...reason(answer), answer.body.details.code]).toEqual([path, 400, 'invalid_path', 'workspace_files.invalid_path']);
        expect(answer.body.details.issues).toContainEqual({ location: 'query', path: 'path', message: expect.any(String) });
      }
    for (const root of ['', '/', '.', 'a/..', '//', '/./']) {
      expect([root, ...reason(await ask(`/file?path=${root}`))]).toEqual([root, 400, 'invalid_path']);
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

  test('names keep their form, and come in the order of code points', async () => {
    const { write, list, file } = await somebodyWithFiles(world);
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

  test('nobody reads the files of another, by whatever path', async () => {
    const [mine, theirs] = [await somebodyWithFiles(world), await somebodyWithFiles(world)];
    const { ref } = await mine.write({ 'secret.txt': 'mine' });
    await theirs.write({ 'own.txt': 'theirs' });
    const hashOfMine = sha256('mine');
    for (const path of ['secret.txt', `${ref}/secret.txt`, `workspaces/${ref}/blobs/${hashOfMine}`, hashOfMine])
      expect([path, (await theirs.file(path)).status]).toEqual([path, 404]);
    // Not even when a manifest names the content of another.
    await theirs.write({}, [{ path: 'stolen', type: 'file', sha256: hashOfMine, size: 4 }]);
    expect((await theirs.file('stolen')).status).toBe(404);
    const foreign = await world.call('GET', `/v1/projects/${mine.project}/workspace/file?path=secret.txt`, { token: theirs.me.token });
    expect([foreign.status, foreign.body.details]).toEqual([404, { code: 'projects.not_found' }]);
  });
});

test('the client gives a file as a blob', async () => {
  const { me, project, write } = await somebodyWithFiles(world);
  await write({ 'a.txt': 'héllo' });
  const client = createClient({ baseUrl: world.url, accessToken: me.token });
  const blob = await client.workspaces.file({ params: { project_id: project }, query: { path: 'a.txt' } });
  expect([blob.type, blob.size, await blob.text()]).toEqual(['text/plain;charset=utf-8', 6, 'héllo']);
  await expect(client.workspaces.file({ params: { project_id: project }, query: { path: '../a' } })).rejects.toMatchObject({
    status: 400,
    reason: 'invalid_path',
  });
});
