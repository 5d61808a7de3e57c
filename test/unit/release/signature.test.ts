import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checksumsFile, checksumsOf, signatureFile, signChecksums, verifyRelease } from '../../../docs/release/signature.ts';

const newPair = () =>
  generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
const [ours, other] = [newPair(), newPair()];
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

function signedFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-signed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);
  write('a.tgz', 'package');
  write('b.json', '{}');
  const checksums = checksumsOf(folder);
  write(checksumsFile, checksums);
  write(signatureFile, signChecksums(checksums, ours.privateKey));
  return { folder, write };
}

test('a signed folder is accepted with the key, and with no other', () => {
  const { folder } = signedFolder();
  expect(verifyRelease(folder, ours.publicKey)).toEqual([]);
  expect(verifyRelease(folder, other.publicKey)).toEqual(['SHA256SUMS.sig is not the signature of SHA256SUMS by this key']);
  expect(() => verifyRelease(folder, rsa.publicKey)).toThrow('--public-key: expected an Ed25519 key as PEM');
  expect(() => signChecksums('', rsa.privateKey)).toThrow('RELEASE_KEY_FILE: expected an Ed25519 key as PEM');
  expect(() => signChecksums('', 'no key')).toThrow('RELEASE_KEY_FILE');
});

test('changed, missing and added files are found, and changed checksums are not signed', () => {
  const { folder, write } = signedFolder();
  write('a.tgz', 'another package');
  rmSync(join(folder, 'b.json'));
  write('c.sh', '');
  expect(verifyRelease(folder, ours.publicKey)).toEqual([
    'a.tgz is missing or changed',
    'b.json is missing or changed',
    'c.sh is not signed',
  ]);
  write(checksumsFile, checksumsOf(folder));
  expect(verifyRelease(folder, ours.publicKey)).toHaveLength(1);
});
