import { seal, unseal } from '../../kernel/seal.ts';

type Owner = { id: string; account_id: string };
type Field = 'bearer_token' | 'env';

/** What a secret is sealed for, so that it opens in no other row and as no other field. */
const sealedFor = ({ id, account_id: owner }: Owner, field: Field) => `mcp_config:${id}:${owner}:${field}`;

/** Seal a secret of a tool server; null where there is none. */
export const sealSecret = (key: Buffer, owner: Owner, field: Field, value: string): Buffer | null =>
  value === '' ? null : seal(key, value, sealedFor(owner, field));

/** A secret again, an empty text where there is none. Throws when the stored one does not open. */
export const openSecret = (key: Buffer, owner: Owner, field: Field, sealed: Buffer | null): string =>
  sealed === null ? '' : unseal(key, sealed, sealedFor(owner, field)).toString();
