import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Key, Keyring } from './keyring.ts';

/** The first byte. A value of version 2 names its key. */
const versions = { withoutId: 1, withId: 2 };
const idLength = 8;
const nonceLength = 12;
const tagLength = 16;

/** A value is sealed with a key that is not in the ring. `keyId` is undefined if the value does not name its key. */
export class UnknownKeyError extends Error {
  readonly keyId: string | undefined;
  constructor(keyId?: string) {
    super(keyId ? `sealed with key ${keyId}, which is not in the ring` : 'sealed with no key of the ring');
    this.keyId = keyId;
  }
}

/**
 * Encrypts with AES-256-GCM under the newest key and a fresh 96-bit nonce (NIST SP 800-38D). The result is: version, id of the key (version 2), nonce,
 * tag, ciphertext. `owner` is authenticated too, so a sealed value copied to another record cannot be unsealed.
 */
export function seal(ring: Keyring, plain: string | Buffer, owner: string): Buffer {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', ring.keys[0].secret, nonce).setAAD(Buffer.from(owner));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([newestHeader(ring), nonce, cipher.getAuthTag(), body]);
}

/** Throws if the key, the owner or the bytes are wrong. */
export function unseal({ keys }: Keyring, sealed: Buffer, owner: string): Buffer {
  if (sealed[0] === versions.withId) {
    const id = sealed.toString('hex', 1, 1 + idLength);
    const key = keys.find((each) => each.id === id);
    if (!key) throw new UnknownKeyError(id);
    return open(key, sealed.subarray(1 + idLength), owner);
  }
  if (sealed[0] !== versions.withoutId) throw new Error('sealed with an unknown version');
  // Damaged: there is no use in waiting for a process that has the key.
  if (sealed.length < 1 + nonceLength + tagLength) throw new Error('too short for a sealed value');
  for (const key of keys) {
    try {
      return open(key, sealed.subarray(1), owner);
    } catch {
      // Another key of the ring may fit.
    }
  }
  throw new UnknownKeyError();
}

function open({ secret }: Key, sealed: Buffer, owner: string): Buffer {
  const bodyStart = nonceLength + tagLength;
  const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, nonceLength), { authTagLength: tagLength });
  decipher.setAAD(Buffer.from(owner)).setAuthTag(sealed.subarray(nonceLength, bodyStart));
  return Buffer.concat([decipher.update(sealed.subarray(bodyStart)), decipher.final()]);
}

/** The first bytes of all values that are sealed with the newest key. */
export const newestHeader = ({ keys, namesKeys }: Keyring): Buffer =>
  namesKeys ? Buffer.concat([Buffer.of(versions.withId), Buffer.from(keys[0].id, 'hex')]) : Buffer.of(versions.withoutId);

/** Whether a value is sealed as `seal` does it now. Without ids in the values, this cannot tell keys apart. */
export const isSealedWithNewest = (ring: Keyring, sealed: Buffer): boolean => {
  const header = newestHeader(ring);
  return sealed.subarray(0, header.length).equals(header);
};
