import type { Keyring } from '../../platform/crypto/keyring.ts';
import { seal, unseal } from '../../platform/crypto/seal.ts';

export type Owner = { id: string; account_id: string };
type Field = 'bearer_token' | 'env' | 'oauth' | 'oauth_request';

/** Associated data of the encryption: a ciphertext copied to another row or field does not decrypt. */
export const encryptionContext = ({ id, account_id: owner }: Owner, field: Field) => `mcp_config:${id}:${owner}:${field}`;

export const sealSecret = (keys: Keyring, owner: Owner, field: Field, value: string): Buffer | null =>
  value === '' ? null : seal(keys, value, encryptionContext(owner, field));

export const unsealSecret = (keys: Keyring, owner: Owner, field: Field, sealed: Buffer | null): string =>
  sealed === null ? '' : unseal(keys, sealed, encryptionContext(owner, field)).toString();
