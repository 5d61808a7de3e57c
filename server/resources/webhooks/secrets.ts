import { randomBytes } from 'node:crypto';
import { seal, unseal } from '../../kernel/seal.ts';

type Owner = { id: string; account_id: string };

/** What the secrets of an endpoint are sealed for, so that they open in no other row. */
const sealedFor = ({ id, account_id: account }: Owner) => `webhook_endpoint:${id}:${account}`;

/** A new secret: `whsec_` and 32 random bytes as base64 (Standard Webhooks), with its stored form and what may be shown of it. */
export function newSecret(encryptionKey: Buffer, owner: Owner): { secret: string; sealed: Buffer; prefix: string } {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  return { secret, sealed: seal(encryptionKey, secret, sealedFor(owner)), prefix: secret.slice(0, 10) };
}

/** A stored secret in the clear; undefined when it was sealed with another key, or for another endpoint. */
export function openSecret(encryptionKey: Buffer, owner: Owner, sealed: Buffer): string | undefined {
  try {
    return unseal(encryptionKey, sealed, sealedFor(owner)).toString();
  } catch {
    return undefined;
  }
}
