import { createHmac } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDir } from '../../../server/platform/config/dataDir.ts';
import { issueAccessToken, readAccessToken } from '../../../server/platform/crypto/accessTokens.ts';
import { deriveKey, hmacsOf, keyringOf } from '../../../server/platform/crypto/keyring.ts';
import { readKeys } from '../../../server/platform/crypto/keys.ts';
import { isSealedWithNewest, seal, UnknownKeyError, unseal } from '../../../server/platform/crypto/seal.ts';
import { OperatorError } from '../../../server/platform/operatorError.ts';

const unset = { authJwtSecrets: undefined, authJwtSecret: undefined, encryptionKeys: undefined, encryptionKey: undefined };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'arkloop-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('keys are generated once, with mode 0600, and read again', async () => {
  const first = await readKeys(unset, folder);
  expect(first.jwtSecrets.keys[0].secret.length).toBeGreaterThanOrEqual(32);
  expect(first.encryptionKeys.keys[0].secret).toHaveLength(32);
  for (const name of ['jwt-secret', 'encryption-key']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  expect(await readKeys(unset, folder)).toEqual(first);
});

test('processes that start at once read the same keys', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => readKeys(unset, folder)));
  for (const keys of all) expect(keys).toEqual(all[0]);
});

test('configured keys are not written to the data folder', async () => {
  const keys = await readKeys({ ...unset, authJwtSecret: 's'.repeat(32), encryptionKey: 'ab'.repeat(32) }, folder);
  expect(keys.jwtSecrets.keys[0].secret.toString()).toBe('s'.repeat(32));
  expect(keys.encryptionKeys).toEqual(keyringOf([Buffer.alloc(32, 0xab)]));
  expect(existsSync(join(folder, 'jwt-secret'))).toBe(false);
});

test('a damaged key file is reported without its content', async () => {
  writeFileSync(join(folder, 'encryption-key'), 'abc123');
  const refusal = await readKeys(unset, folder).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(OperatorError);
  expect((refusal as Error).message).toMatch(/encryption-key is damaged/);
  expect((refusal as Error).message).not.toContain('abc123');
});

test('a ring is read from the variables or the files, newest first, and the single key is its oldest', async () => {
  const [a, b, c] = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32)) as [string, string, string];
  const secretsOf = ({ keys }: { keys: readonly { secret: Buffer }[] }) => keys.map(({ secret }) => secret.toString('hex'));
  const ofVariables = (await readKeys({ ...unset, encryptionKeys: [c, b, c], encryptionKey: a }, folder)).encryptionKeys;
  expect([secretsOf(ofVariables), ofVariables.namesKeys]).toEqual([[c, b, a], true]);
  const single = (await readKeys(unset, folder)).encryptionKeys;
  expect(single.namesKeys).toBe(false);
  writeFileSync(join(folder, 'encryption-keys'), `${c}\n\n  ${b}\n`);
  writeFileSync(join(folder, 'jwt-secrets'), 'x'.repeat(40));
  const ofFiles = await readKeys(unset, folder);
  expect([secretsOf(ofFiles.encryptionKeys), ofFiles.encryptionKeys.namesKeys]).toEqual([[c, b, ...secretsOf(single)], true]);
  expect(ofFiles.jwtSecrets.keys).toHaveLength(2);
  rmSync(join(folder, 'encryption-key'));
  expect(secretsOf((await readKeys(unset, folder)).encryptionKeys)).toEqual([c, b]);
  writeFileSync(join(folder, 'encryption-keys'), `${c}\n${b.slice(1)}`);
  await expect(readKeys(unset, folder)).rejects.toThrow(/encryption-keys is damaged/);
});

test('a ring opens what each of its keys has sealed, and names a key that it lacks', () => {
  const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const [before, known, used, after] = [keyringOf([a]), ...[[a, b], [b, a], [b]].map((keys) => keyringOf(keys, { namesKeys: true }))];
  const values = [before, known, used, after].map((ring) => seal(ring!, 'text', 'me'));
  for (const ring of [known!, used!]) for (const value of values) expect(unseal(ring, value, 'me').toString()).toBe('text');
  expect(values.map((value) => isSealedWithNewest(used!, value))).toEqual([false, false, true, true]);
  // The single key opens what it has sealed in a ring, so that a ring can be taken back.
  expect(unseal(before!, values[1]!, 'me').toString()).toBe('text');
  const lacking = (value: Buffer) => {
    try {
      return unseal(after!, value, 'me').toString();
    } catch (error) {
      return error instanceof UnknownKeyError && error.keyId;
    }
  };
  expect(values.map(lacking)).toEqual([undefined, before!.keys[0].id, 'text', 'text']);
  for (const ring of [used!, after!]) expect(() => unseal(ring, values[3]!, 'you')).toThrow();
  const cut = (length: number) => () => unseal(used!, values[3]!.subarray(0, length), 'me');
  for (const length of [0, 1, 8, 9, 20, 36]) expect(cut(length)).toThrow();
  // Damage, which no other process can open either.
  expect(() => unseal(after!, values[0]!.subarray(0, 28), 'me')).toThrow('too short');
  expect(hmacsOf(used!, 'label', 'text')[1]).toEqual(hmacsOf(before!, 'label', 'text')[0]);
});

test('access tokens name their key; without a name every key of the ring is tried', async () => {
  const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const id = '01890000-0000-7000-8000-000000000000';
  const claims = { sub: id, sid: id, account: id, role: '' };
  const token = await issueAccessToken(keyringOf([a]), claims, 60);
  const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString());
  expect(header).toEqual({ alg: 'HS256', typ: 'JWT', kid: keyringOf([a]).keys[0].id });
  const sign = (kid?: unknown, key = a) => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${encode({ alg: 'HS256', typ: 'JWT', ...(kid !== undefined && { kid }) })}.${token.split('.')[1]}`;
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  const reads = async (each: string, ...secrets: Buffer[]) => (await readAccessToken(keyringOf(secrets), each))?.sub === id;
  expect(await Promise.all([reads(token, b, a), reads(token, a), reads(sign(), b, a), reads(sign(), a)])).toEqual([true, true, true, true]);
  const wrong = [
    sign('no such key'),
    sign(keyringOf([b]).keys[0].id),
    sign(null),
    sign([header.kid]),
    sign(header.kid, b),
    sign(undefined, b),
  ];
  expect(await Promise.all([reads(token, b), ...wrong.map((each) => reads(each, a))])).toEqual(Array(7).fill(false));
  expect(await reads(sign(undefined, b), a, b)).toBe(true);
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
