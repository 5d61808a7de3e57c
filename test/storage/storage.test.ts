import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fileStorage } from '../../server/storage/filesystem.ts';
import { s3Storage } from '../../server/storage/s3.ts';
import { readWhole, type Storage, StorageUnavailable } from '../../server/storage/storage.ts';
import { credentials, startS3 } from './s3Server.ts';

const folder = await mkdtemp(join(tmpdir(), 'arkloop-objects-'));
const server = await startS3(join(folder, 's3'), 'arkloop');
const bucket = { endpoint: server.endpoint, ...credentials, region: 'us-east-1', bucket: 'arkloop' };
const files = fileStorage(join(folder, 'files', 'deep'));
const objects = s3Storage(bucket);
afterAll(async () => {
  await objects.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const read = async (storage: Storage, key: string) => {
  const object = await storage.get(key);
  return object && readWhole(object, 2 ** 30);
};
const write = (storage: Storage, key: string, text: string) => storage.put(key, Buffer.from(text), 'text/plain');
const keys = async (storage: Storage, prefix: string) => (await Array.fromAsync(storage.list(prefix))).sort();

describe.each([
  ['a folder', files],
  ['a bucket', objects],
])('%s', (_, storage) => {
  test('stores bytes unchanged, of any size', async () => {
    for (const size of [0, 1, 511, 65_536, 3_000_001]) {
      const bytes = randomBytes(size);
      await storage.put(`sizes/${size}`, bytes, 'application/octet-stream');
      const object = (await storage.get(`sizes/${size}`))!;
      expect(object.size).toBe(size);
      expect((await readWhole(object, size)).equals(bytes)).toBe(true);
    }
  });

  test('returns undefined for missing and deleted keys', async () => {
    expect(await storage.get('no/such')).toBeUndefined();
    expect(await keys(storage, 'no/')).toEqual([]);
    await storage.delete('no/such');
    await write(storage, 'gone/a', 'x');
    await storage.delete('gone/a');
    await storage.delete('gone/a');
    expect([await storage.get('gone/a'), await keys(storage, 'gone/')]).toEqual([undefined, []]);
  });

  test('a directory is not an object', async () => {
    await write(storage, 'tree/branch/leaf', 'x');
    expect(await storage.get('tree/branch')).toBeUndefined();
    expect(await storage.get('tree/branch/leaf/more')).toBeUndefined();
  });

  test('lists all keys under a prefix, across pages', async () => {
    const names = ['a', 'a-b', 'a.b', 'a0', 'b/z', 'b-c', 'b_', '_x', '-y', 'z/y/x'];
    for (const name of names) await write(storage, `list/${name}`, name);
    await write(storage, 'list2/other', 'x');
    const sorted = names.map((name) => `list/${name}`).sort();
    expect(await keys(storage, 'list/')).toEqual(sorted);
    expect(await keys(storage, 'list/b/')).toEqual(['list/b/z']);
    expect(await keys(storage, '')).toEqual(expect.arrayContaining(sorted));
    const many = Array.from({ length: 450 }, (_each, at) => `many/${String(at).padStart(5, '0')}`);
    for (let at = 0; at < many.length; at += 50) await Promise.all(many.slice(at, at + 50).map((key) => write(storage, key, '')));
    expect(await keys(storage, 'many/')).toEqual(many);
  });

  test('an unread object can be closed', async () => {
    await storage.put('closed/x', Buffer.alloc(5_000_000), 'application/octet-stream');
    for (let at = 0; at < 20; at++) (await storage.get('closed/x'))!.close();
    for await (const _chunk of (await storage.get('closed/x'))!.chunks) break;
    await expect(readWhole((await storage.get('closed/x'))!, 10)).rejects.toThrow(RangeError);
    expect(await read(storage, 'closed/x')).toHaveLength(5_000_000);
  });

  test('rejects keys outside the storage', async () => {
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      '.a',
      'a/.b',
      'a\\b',
      'a\0',
      'A',
      'é',
      'a b',
      'a%2e',
      `a${'b'.repeat(500)}`,
    ];
    for (const key of bad) {
      await expect(storage.get(key)).rejects.toThrow(TypeError);
      await expect(storage.put(key, Buffer.alloc(0), 'text/plain')).rejects.toThrow(TypeError);
      await expect(storage.delete(key)).rejects.toThrow(TypeError);
    }
    for (const prefix of ['a', '/', '../', 'a/../', './']) expect(() => storage.list(prefix)).toThrow(TypeError);
  });
});

test('concurrent reads and writes see one complete version', async () => {
  const versions = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(300_000));
  await write(files, 'race/x', versions[0]!);
  const writing = Promise.all(versions.flatMap((text) => [write(files, 'race/x', text), write(files, 'race/x', text)]));
  const reading = Promise.all(Array.from({ length: 10 }, async () => (await read(files, 'race/x'))!.toString()));
  for (const text of await reading) expect(versions).toContain(text);
  await writing;
  expect(versions).toContain((await read(files, 'race/x'))!.toString());
});

test('files are readable only by their owner, and drafts are neither kept nor listed', async () => {
  await write(files, 'mode/x', 'x');
  const place = join(folder, 'files', 'deep', 'mode');
  expect([(await stat(place)).mode & 0o777, (await stat(join(place, 'x'))).mode & 0o777]).toEqual([0o700, 0o600]);
  await writeFile(join(place, '.draft'), 'half');
  expect(await keys(files, 'mode/')).toEqual(['mode/x']);
  await expect(write(files, 'mode/x/y', 'x')).rejects.toThrow(StorageUnavailable);
  await rm(join(place, '.draft'));
  expect(await readdir(place)).toEqual(['x']);
});

test('a symbolic link is not followed', async () => {
  await writeFile(join(folder, 'secret'), 'secret');
  await write(files, 'links/x', 'x');
  await symlink(join(folder, 'secret'), join(folder, 'files', 'deep', 'links', 'y'));
  expect(await files.get('links/y')).toBeUndefined();
  expect(await keys(files, 'links/')).toEqual(['links/x']);
});

describe('StorageUnavailable is thrown for', () => {
  const broken: [string, Storage][] = [
    ['no server', s3Storage({ ...bucket, endpoint: 'http://127.0.0.1:9' })],
    ['an unknown access key', s3Storage({ ...bucket, accessKey: 'OTHER' })],
    ['no bucket', s3Storage({ ...bucket, bucket: 'nowhere' })],
  ];
  test.each(broken)('%s', async (_, storage) => {
    await expect(write(storage, 'a', 'x')).rejects.toThrow(StorageUnavailable);
    await expect(keys(storage, '')).rejects.toThrow(StorageUnavailable);
    await storage.close();
  });

  test('a folder that is a file', async () => {
    await writeFile(join(folder, 'plain'), '');
    await expect(write(fileStorage(join(folder, 'plain')), 'a', 'x')).rejects.toThrow(StorageUnavailable);
  });
});
