import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDir } from '../../../server/platform/config/dataDir.ts';
import { deriveKey, readKeys } from '../../../server/platform/crypto/keys.ts';
import { OperatorError } from '../../../server/platform/operatorError.ts';

const unset = { authJwtSecret: undefined, encryptionKey: undefined };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'arkloop-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('keys are generated once, with mode 0600, and read again', async () => {
  const first = await readKeys(unset, folder);
  expect(first.jwtSecret.length).toBeGreaterThanOrEqual(32);
  expect(first.encryptionKey).toHaveLength(32);
  for (const name of ['jwt-secret', 'encryption-key']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  expect(await readKeys(unset, folder)).toEqual(first);
});

test('processes that start at once read the same keys', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => readKeys(unset, folder)));
  for (const keys of all) expect(keys).toEqual(all[0]);
});

test('configured keys are not written to the data folder', async () => {
  const keys = await readKeys({ authJwtSecret: 's'.repeat(32), encryptionKey: 'ab'.repeat(32) }, folder);
  expect(keys.jwtSecret.toString()).toBe('s'.repeat(32));
  expect(keys.encryptionKey).toEqual(Buffer.alloc(32, 0xab));
  expect(existsSync(join(folder, 'jwt-secret'))).toBe(false);
});

test('a damaged key file is reported without its content', async () => {
  writeFileSync(join(folder, 'encryption-key'), 'abc123');
  const refusal = await readKeys(unset, folder).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(OperatorError);
  expect((refusal as Error).message).toMatch(/encryption-key is damaged/);
  expect((refusal as Error).message).not.toContain('abc123');
});

test('derived keys differ by label and secret, and never change', () => {
  const secret = Buffer.alloc(32, 1);
  expect(deriveKey(secret, 'cursors')).toHaveLength(32);
  expect(deriveKey(secret, 'cursors')).toEqual(deriveKey(secret, 'cursors'));
  expect(deriveKey(secret, 'cursors')).not.toEqual(deriveKey(secret, 'webhooks'));
  expect(deriveKey(Buffer.alloc(32, 2), 'cursors')).not.toEqual(deriveKey(secret, 'cursors'));
});

test('a data folder is created for its owner only, and an existing folder keeps its mode', async () => {
  const made = await openDataDir(join(folder, 'a', 'b'));
  expect(statSync(made).mode & 0o777).toBe(0o700);
  chmodSync(folder, 0o755);
  await openDataDir(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o755);
});

test('a file in place of the data folder is reported in one line', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'kept');
  for (const path of [file, join(file, 'below')]) {
    const refusal = await openDataDir(path).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(OperatorError);
    expect((refusal as Error).message).toMatch(/^ARKLOOP_DATA_DIR: cannot write to .* not a folder$/);
  }
  expect(readFileSync(file, 'utf8')).toBe('kept');
});
