import { randomBytes } from 'node:crypto';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { seal, UnknownKeyError, unseal } from '../../platform/crypto/seal.ts';

type Owner = { id: string; account_id: string };

/** Associated data of the encryption: a ciphertext copied to another row does not decrypt. */
export const secretContext = ({ id, account_id: account }: Owner) => `webhook_endpoint:${id}:${account}`;

/** A new secret: `whsec_` and 32 random bytes in base64 (Standard Webhooks), with its ciphertext and the prefix that may be shown. */
export function newSecret(encryptionKeys: Keyring, owner: Owner): { secret: string; sealed: Buffer; prefix: string } {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  return { secret, sealed: seal(encryptionKeys, secret, secretContext(owner)), prefix: secret.slice(0, 10) };
}

/** Decrypts a secret; undefined if it is damaged. */
export function tryUnsealSecret(encryptionKeys: Keyring, owner: Owner, sealed: Buffer): string | UnknownKeyError | undefined {
  try {
    return unseal(encryptionKeys, sealed, secretContext(owner)).toString();
  } catch (error) {
    return error instanceof UnknownKeyError ? error : undefined;
  }
}
