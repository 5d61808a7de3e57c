import { z } from 'zod';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { seal, unseal } from '../../platform/crypto/seal.ts';

/** Authenticated with the sealed contents, so that they cannot be opened for another flow. */
export const flowContext = ({ key_hash: keyHash }: { key_hash: string }): string => `identity_flow:${keyHash}`;

/** What a callback is checked against. */
const PendingFlow = z.object({
  /** Of the provider when the flow was started. */
  revision: z.int(),
  redirect_uri: z.string(),
  nonce: z.string(),
  code_verifier: z.string(),
  return_to: z.string().nullable(),
  invite_code: z.string().nullable(),
});
export type PendingFlow = z.infer<typeof PendingFlow>;

/** An identity that waits for its user. */
const PendingLink = z.object({ revision: z.int(), issuer: z.string(), subject: z.string(), email: z.string().nullable() });
export type PendingLink = z.infer<typeof PendingLink>;

export const sealContents = (keys: Keyring, keyHash: string, contents: PendingFlow | PendingLink) =>
  seal(keys, JSON.stringify(contents), flowContext({ key_hash: keyHash }));

const unsealJson = (keys: Keyring, keyHash: string, sealed: Buffer): unknown =>
  JSON.parse(unseal(keys, sealed, flowContext({ key_hash: keyHash })).toString());
export const unsealFlow = (keys: Keyring, keyHash: string, sealed: Buffer) => PendingFlow.parse(unsealJson(keys, keyHash, sealed));
export const unsealLink = (keys: Keyring, keyHash: string, sealed: Buffer) => PendingLink.parse(unsealJson(keys, keyHash, sealed));
