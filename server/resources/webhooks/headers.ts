import { jsonPointer } from '../../../contract/shared/input.ts';
import { isDeniedHeader } from '../../../contract/webhookHeaders.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import { seal, UnknownKeyError, unseal } from '../../platform/crypto/seal.ts';
import { invalidField } from '../../platform/failure.ts';

type Owner = { id: string; account_id: string };
export type SealedHeaders = { headerNames: string[]; sealedHeaders: Buffer | null };

/** Associated data of the encryption: a ciphertext copied to another row or field does not decrypt. */
export const headersContext = ({ id, account_id: account }: Owner) => `webhook_endpoint:${id}:${account}:headers`;

/** Encrypts custom headers, with names in lowercase. Throws 400 `header_denied` or `duplicate_header`. */
export function sealHeaders({ encryptionKeys }: Keys, owner: Owner, headers: Readonly<Record<string, string>>): SealedHeaders {
  const named = new Map<string, string>();
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    const path = jsonPointer(['headers', given]);
    if (isDeniedHeader(name)) throw invalidField(path, 'is set by the server or the connection', 'header_denied');
    if (named.has(name)) throw invalidField(path, 'is named twice', 'duplicate_header');
    named.set(name, value);
  }
  const sealed = seal(encryptionKeys, JSON.stringify([...named]), headersContext(owner));
  return { headerNames: [...named.keys()], sealedHeaders: named.size > 0 ? sealed : null };
}

/** Decrypts custom headers; undefined if it is damaged. */
export function tryUnsealHeaders(
  { encryptionKeys }: Keys,
  owner: Owner,
  sealed: Buffer | null,
): Record<string, string> | UnknownKeyError | undefined {
  if (!sealed) return {};
  try {
    return Object.fromEntries(JSON.parse(unseal(encryptionKeys, sealed, headersContext(owner)).toString()) as [string, string][]);
  } catch (error) {
    return error instanceof UnknownKeyError ? error : undefined;
  }
}
