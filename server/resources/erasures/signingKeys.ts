import { sql } from 'kysely';
import type { ErasureKey } from '../../../contract/erasures.ts';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';

export const insertKey = statement<{ id: string; publicKey: string; privateKeySealed: Buffer }>()((db, $) =>
  db.insertInto('signing_keys').values({
    id: $.id,
    public_key: $.publicKey,
    private_key_sealed: $.privateKeySealed,
    created_at: sql<string>`clock_timestamp()`,
  }),
);

/** The key that signs. A replacement waits until the commit, so that no proof is younger than the end of its key. */
export const lockNewest = statement()((db) =>
  db
    .selectFrom('signing_keys')
    .select(['id', 'public_key', sql<Buffer>`private_key_sealed`.as('private_key_sealed')])
    .where('retired_at', 'is', null)
    .where('private_key_sealed', 'is not', null)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(sql.lit(1))
    .forShare(),
);

/** Replacements wait for one another, so that each one ends the keys of those before. */
export const lockReplacement = statement()((db) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('key of erasures', 0))`.as('locked')),
);

/** Ends all other keys, and forgets their private keys. Returns their number. */
export const retireOthers = statement<{ id: string }>()((db, $) =>
  db
    .updateTable('signing_keys')
    .set({ retired_at: sql<string>`clock_timestamp()`, private_key_sealed: sql.lit(null) })
    .where('retired_at', 'is', null)
    .where('id', '<>', $.id),
);

const selectPublicKeys = statement({ isShort: true })((db) =>
  db.selectFrom('signing_keys').select(['id', 'public_key', 'created_at', 'retired_at']).orderBy('created_at', 'desc').orderBy('id'),
);

/** The type of all keys, as in a JWK (RFC 8037). */
export const keyType = { kty: 'OKP', crv: 'Ed25519' } as const;

/** The public keys that verify proofs, newest first. */
export const listPublicKeys = async (db: Queryable): Promise<ErasureKey[]> =>
  (await db.rows(selectPublicKeys)).map(({ id, public_key: x, created_at, retired_at }) => ({
    kid: id,
    ...keyType,
    x,
    alg: 'EdDSA',
    use: 'sig',
    created_at,
    retired_at,
  }));
