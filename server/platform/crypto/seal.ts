import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const version = 1;

/**
 * Encrypts with AES-256-GCM under a fresh 96-bit nonce (NIST SP 800-38D). The result is: key version, nonce, tag, ciphertext. `owner` is
 * authenticated too, so a sealed value copied to another record cannot be unsealed.
 */
export function seal(key: Buffer, plain: string | Buffer, owner: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), body]);
}

/** Throws if the key, the owner or the bytes are wrong. */
export function unseal(key: Buffer, sealed: Buffer, owner: string): Buffer {
  if (sealed[0] !== version) throw new Error('sealed with an unknown key version');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13)).setAAD(Buffer.from(owner));
  decipher.setAuthTag(sealed.subarray(13, 29));
  return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()]);
}
