import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const checksumsFile = 'SHA256SUMS';
export const signatureFile = `${checksumsFile}.sig`;

/** The checksums of the files of a folder, in the format of `sha256sum`. */
export function checksumsOf(folder: string): string {
  const names = readdirSync(folder)
    .filter((name) => name !== checksumsFile && name !== signatureFile)
    .toSorted();
  return names
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    )
    .join('');
}

/** Ed25519 (RFC 8032) over the text of the checksums, so that one signature covers all files. Throws an Error for another kind of key. */
export const signChecksums = (checksums: string, privateKey: string): Buffer =>
  sign(
    null,
    Buffer.from(checksums),
    ed25519(() => createPrivateKey(privateKey), 'RELEASE_KEY_FILE'),
  );

/** One line for each file that does not match its checksum, and for a wrong signature. */
export function verifyRelease(folder: string, publicKey: string): string[] {
  const stored = readFileSync(join(folder, checksumsFile), 'utf8');
  const key = ed25519(() => createPublicKey(publicKey), '--public-key');
  if (!verify(null, Buffer.from(stored), key, readFileSync(join(folder, signatureFile))))
    return [`${signatureFile} is not the signature of ${checksumsFile} by this key`];
  const [expected, found] = [stored, checksumsOf(folder)].map((text) => text.split('\n').filter(Boolean));
  return [
    ...expected!.filter((line) => !found!.includes(line)).map((line) => `${line.slice(66)} is missing or changed`),
    ...found!
      .filter((line) => !expected!.some((each) => each.slice(66) === line.slice(66)))
      .map((line) => `${line.slice(66)} is not signed`),
  ];
}

function ed25519(read: () => KeyObject, name: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = read();
  } catch {
    // Reported below.
  }
  if (key?.asymmetricKeyType !== 'ed25519') throw new Error(`${name}: expected an Ed25519 key as PEM`);
  return key;
}
