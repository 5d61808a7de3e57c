import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { OperatorError, readConfig } from '../../server/platform/config/config.ts';
import { openStorage } from '../../server/storage/open.ts';

const log = pino({ level: 'silent' });
const s3 = {
  ARKLOOP_STORAGE_BACKEND: 'S3',
  ARKLOOP_S3_ENDPOINT: 'http://127.0.0.1:9',
  ARKLOOP_S3_ACCESS_KEY: 'a',
  ARKLOOP_S3_SECRET_KEY: 'b',
};

test('files are stored in the data folder unless another folder is configured', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-open-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [env, root] of [
    [{ ARKLOOP_DATA_DIR: folder }, join(folder, 'storage')],
    [{ ARKLOOP_STORAGE_ROOT: join(folder, 'own') }, join(folder, 'own')],
  ] as const) {
    await openStorage(readConfig(env), log)!.put('a/b', Buffer.from('x'), 'text/plain');
    expect(await readFile(join(root, 'a/b'), 'utf8')).toBe('x');
  }
});

test('S3 requires endpoint and both keys, and without all of them there is no storage', () => {
  expect(readConfig(s3)).toMatchObject({ storageBackend: 's3', s3Region: 'us-east-1', s3Bucket: 'arkloop' });
  expect(openStorage(readConfig(s3), log)).toBeDefined();
  expect(openStorage(readConfig({ ARKLOOP_STORAGE_BACKEND: 's3' }), log)).toBeUndefined();
  for (const name of ['ENDPOINT', 'ACCESS_KEY', 'SECRET_KEY']) {
    expect(() => readConfig({ ...s3, [`ARKLOOP_S3_${name}`]: '' })).toThrow(OperatorError);
    expect(() => readConfig({ ...s3, [`ARKLOOP_S3_${name}`]: '' })).toThrow(`ARKLOOP_S3_${name}: is required`);
  }
  expect(() => readConfig({ ARKLOOP_STORAGE_BACKEND: 'ftp' })).toThrow('ARKLOOP_STORAGE_BACKEND: expected one of filesystem, s3');
});
