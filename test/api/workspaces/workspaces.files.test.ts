import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { credentials, startS3 } from '../../storage/s3Server.ts';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { bytesOf, storageOf, userWithFiles } from '../../support/resources/files.ts';

const folder = await mkdtemp(join(tmpdir(), 'arkloop-workspaces-'));
const server = await startS3(folder, 'arkloop');
const bucket = {
  ARKLOOP_STORAGE_BACKEND: 's3',
  ARKLOOP_S3_ENDPOINT: `${server.endpoint}/`,
  ARKLOOP_S3_ACCESS_KEY: credentials.accessKey,
  ARKLOOP_S3_SECRET_KEY: credentials.secretKey,
};
const apps: [string, TestApp][] = [
  ['a folder', await startTestApp({}, { worker: false })],
  ['a bucket', await startTestApp(bucket, { worker: false })],
];
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** File descriptors of this process, and so of the server in it, below a directory. */
async function openFilesUnder(root: string) {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((path) => path.startsWith(root));
}

const names = ({ body }: { body: any }) => body.items.map(({ name }: { name: string }) => name);

describe.each(apps)('files in %s', (_, app) => {
  test('a directory lists its direct children, directories first', async () => {
    const { write, list } = await userWithFiles(app);
    const { ref } = await write({ 'top.txt': 'top', '/src/main.go': 'package main', 'docs/a/deep.md': '#' }, [
      { path: 'empty/', type: 'dir', mtime_unix_ms: 5 },
      { path: 'link', type: 'symlink', size: 7, mtime_unix_ms: 6 },
      { path: 'gone.txt', type: 'file', deleted: true },
      { path: 'old/gone.txt', type: 'file', deleted: true },
    ]);
    const root = await list();
    const file = { type: 'file', mtime_unix_ms: 1_700_000_000_000 };
    expect([root.status, root.body]).toEqual([
      200,
      {
        workspace_ref: ref,
        path: '/',
        items: [
          { name: 'docs', path: '/docs', type: 'dir', has_children: true },
          { name: 'empty', path: '/empty', type: 'dir' },
          { name: 'src', path: '/src', type: 'dir', has_children: true },
          { name: 'link', path: '/link', type: 'symlink', size: 7, mtime_unix_ms: 6, mime_type: 'application/octet-stream' },
          { ...file, name: 'top.txt', path: '/top.txt', size: 3, mime_type: 'text/plain', sha256: sha256('top') },
        ],
      },
    ]);
    expect((await list('/src')).body.items).toEqual([
      {
        ...file,
        name: 'main.go',
        path: '/src/main.go',
        size: 12,
        mime_type: expect.stringMatching(/^text\//),
        sha256: sha256('package main'),
      },
    ]);
    expect((await list('docs//./x/../')).body).toMatchObject({ path: '/docs', items: [{ name: 'a', type: 'dir', has_children: true }] });
    for (const path of ['/nowhere', '/top.txt', '/empty', '/old', '/sr', '/link'])
      expect([path, (await list(path)).body.items]).toEqual([path, []]);
  });

  test('a file is served unchanged with its type, and as an attachment in a sandbox', async () => {
    const { write, file } = await userWithFiles(app);
    const html = '<script>alert(document.domain)</script>\r\n\0';
    await write({
      'a.html': html,
      'a.svg': '<svg onload="x()"/>',
      'a.JSON': '{}',
      empty: '',
      'empty.txt': '',
      plain: 'grüß',
      'plain.bin': 'x',
      image: png,
      raw: Buffer.from([0, 1, 255]),
      txt: png,
    });
    const response = await file('/a.html');
    expect([response.status, (await bytesOf(response)).equals(Buffer.from(html))]).toEqual([200, true]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(html.length),
      'content-disposition': `attachment; filename*=UTF-8''a.html`,
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      etag: `"${sha256(html)}"`,
      'x-trace-id': expect.any(String),
    });
    const types = {
      'a.svg': 'image/svg+xml',
      'a.JSON': 'application/json',
      empty: 'text/plain; charset=utf-8',
      'empty.txt': 'text/plain; charset=utf-8',
      plain: 'text/plain; charset=utf-8',
      'plain.bin': 'application/octet-stream',
      image: 'image/png',
      raw: 'application/octet-stream',
      txt: 'image/png',
    };
    for (const [path, type] of Object.entries(types)) expect([path, (await file(path)).headers.get('content-type')]).toEqual([path, type]);
    const nothing = await file('empty.txt');
    expect([nothing.status, nothing.headers.get('content-length'), (await bytesOf(nothing)).length]).toEqual([200, '0', 0]);
  });

  test('a matching If-None-Match returns 304, and HEAD returns the headers only', async () => {
    const { write, file, list } = await userWithFiles(app);
    await write({ 'a.txt': 'one' });
    const etag = `"${sha256('one')}"`;
    for (const given of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const response = await file('a.txt', { 'if-none-match': given });
      expect([given, response.status, response.headers.get('etag'), (await bytesOf(response)).length]).toEqual([given, 304, etag, 0]);
    }
    for (const given of ['"x"', sha256('one'), ''])
      expect([given, (await file('a.txt', { 'if-none-match': given })).status]).toEqual([given, 200]);
    const head = await file('a.txt', {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '3', etag]);
    await write({ 'a.txt': 'two', 'b.txt': 'b' });
    const changed = await file('a.txt', { 'if-none-match': etag });
    expect([changed.status, (await bytesOf(changed)).toString()]).toEqual([200, 'two']);
    expect(names(await list())).toEqual(['a.txt', 'b.txt']);
  });

  test('anything that is not a file returns 404', async () => {
    const { write, file } = await userWithFiles(app);
    await write({ 'src/main.go': 'x', 'both/below': 'x', both: 'hidden by the folder', gone: 'x' }, [
      { path: 'link', type: 'symlink' },
      { path: 'dir', type: 'dir' },
      { path: 'gone', type: 'file', deleted: true },
      { path: 'lost', type: 'file', sha256: sha256('never stored'), size: 12 },
    ]);
    for (const path of [
      'nowhere',
      'src',
      'dir',
      'link',
      'both',
      'gone',
      'lost',
      'main.go',
      'src/main.go/x',
      'SRC/main.go',
      '%2e%2e/x',
      '__proto__',
    ]) {
      const response = await file(path);
      expect([path, response.status, (await response.json()).details]).toEqual([path, 404, { code: 'workspace_files.not_found' }]);
    }
  });

  test('a large file is served completely, and a client may disconnect', async () => {
    const { write, file, archive } = await userWithFiles(app);
    const large = randomBytes(5_000_000);
    await write({ large });
    expect((await bytesOf(await file('large'))).equals(large)).toBe(true);
    for (let at = 0; at < 10; at++) {
      const reader = (await file('large')).body!.getReader();
      await reader.read();
      await reader.cancel();
      const ofArchive = (await archive()).body!.getReader();
      await ofArchive.read();
      await ofArchive.cancel();
    }
    const many = await Promise.all(Array.from({ length: 4 }, async () => (await bytesOf(await file('large'))).equals(large)));
    expect(many).toEqual(Array(4).fill(true));
    await file('large', {}, 'HEAD');
    if (process.platform === 'linux') await eventually(async () => (await openFilesUnder(app.config.storageRoot!)).length === 0, 'closing');
  });

  test('corrupt content is never served as complete', async () => {
    const { write, file, archive, list, ask } = await userWithFiles(app);
    const large = randomBytes(3_000_000);
    const { ref } = await write({ 'small.txt': 'small', 'short.txt': 'short', large });
    const storage = storageOf(app);
    const damage = (content: string | Uint8Array, now: Uint8Array) => storage.put(`workspaces/${ref}/blobs/${sha256(content)}`, now, 'x/x');
    await damage('small', Buffer.from('SMALL'));
    await damage('short', Buffer.from('sho'));
    const last = Buffer.from(large);
    last[last.length - 1]! ^= 1;
    await damage(large, last);
    expect([(await file('small.txt')).status, (await file('short.txt')).status]).toEqual([500, 500]);
    await expect(bytesOf(await file('large'))).rejects.toThrow();
    await expect(archive().then(bytesOf)).rejects.toThrow();
    for (const text of [
      '{',
      '[]',
      '{"entries":[{"path":"../x","type":"dir"}]}',
      '{"entries":[{"path":"x","type":"file"}]}',
      '{"entries":[{"path":"x","type":"file","sha256":"../../x"}]}',
    ]) {
      await app.sql(`update workspaces set manifest_rev = 'damaged' where workspace_ref = $1`, [ref]);
      await storage.put(`workspaces/${ref}/manifests/damaged.json`, Buffer.from(text), 'application/json');
      expect([text, (await list()).status, (await ask('/file?path=x')).status]).toEqual([text, 500, 500]);
    }
    await storage.delete(`workspaces/${ref}/manifests/damaged.json`);
    expect([(await list()).body.items, (await ask('/file?path=x')).status]).toEqual([[], 404]);
    await storage.close();
  });
});
