import { randomBytes } from 'node:crypto';
import { seal, unseal } from '../../platform/crypto/seal.ts';

type Owner = { id: string; account_id: string };

/** Associated data of the encryption: a ciphertext copied to another row does not decrypt. */
const encryptionContext = ({ id, account_id: account }: Owner) => `webhook_endpoint:${id}:${account}`;

/** A new secret: `whsec_` and 32 random bytes in base64 (Standard Webhooks), with its ciphertext and the prefix that may be shown. */
export function newSecret(encryptionKey: Buffer, owner: Owner): { secret: string; sealed: Buffer; prefix: string } {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  return { secret, sealed: seal(encryptionKey, secret, encryptionContext(owner)), prefix: secret.slice(0, 10) };
}

/** Decrypts a secret; undefined if that fails. */
export function tryUnsealSecret(encryptionKey: Buffer, owner: Owner, sealed: Buffer): string | undefined {
  try {
    return unseal(encryptionKey, sealed, encryptionContext(owner)).toString();
  } catch {
    return undefined;
  }
}
