import { sql } from 'kysely';
import type { ErasureKey } from '../../../contract/erasures.ts';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';

export const insertKey = statement<{ id: string; publicKey: string; privateKeySealed: Buffer }>()((db, $) =>
  db.insertInto('signing_keys').values({ id: $.id, public_key: $.publicKey, private_key_sealed: $.privateKeySealed }),
);
export const selectNewest = statement()((db) =>
  db
    .selectFrom('signing_keys')
    .select(['id', 'public_key', 'private_key_sealed'])
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(sql.lit(1)),
);
const selectPublicKeys = statement({ isShort: true })((db) =>
  db.selectFrom('signing_keys').select(['id', 'public_key']).orderBy('created_at', 'desc').orderBy('id'),
);

/** The type of all keys, as in a JWK (RFC 8037). */
export const keyType = { kty: 'OKP', crv: 'Ed25519' } as const;

/** The public keys that verify proofs, newest first. */
export const listPublicKeys = async (db: Queryable): Promise<ErasureKey[]> =>
  (await db.rows(selectPublicKeys)).map(({ id, public_key: x }) => ({ kid: id, ...keyType, x, alg: 'EdDSA', use: 'sig' }));
