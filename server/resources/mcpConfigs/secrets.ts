import { seal, unseal } from '../../platform/crypto/seal.ts';

export type Owner = { id: string; account_id: string };
type Field = 'bearer_token' | 'env' | 'oauth' | 'oauth_request';

/** Associated data of the encryption: a ciphertext copied to another row or field does not decrypt. */
export const encryptionContext = ({ id, account_id: owner }: Owner, field: Field) => `mcp_config:${id}:${owner}:${field}`;

export const sealSecret = (key: Buffer, owner: Owner, field: Field, value: string): Buffer | null =>
  value === '' ? null : seal(key, value, encryptionContext(owner, field));

export const unsealSecret = (key: Buffer, owner: Owner, field: Field, sealed: Buffer | null): string =>
  sealed === null ? '' : unseal(key, sealed, encryptionContext(owner, field)).toString();
