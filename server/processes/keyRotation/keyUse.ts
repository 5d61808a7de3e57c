import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { OperatorError } from '../../platform/operatorError.ts';

const selectNewest = statement()((db) =>
  db.selectFrom('encryption_keys').select(['id', 'used_at']).orderBy('used_at', 'desc').limit(sql.lit(1)),
);
const noteUse = statement<{ id: string }>()((db, $) =>
  db
    .insertInto('encryption_keys')
    .values({ id: $.id })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ used_at: sql<string>`now()` })),
);

/**
 * Notes the key that this process seals with. Throws if the ring lacks the key that other processes seal with: the process could not open what is stored, and
 * would fail work that others can do. With `isLost`, that key does not exist any more.
 */
export async function checkKeyUse(database: Queryable, { keys }: Keyring, { isLost }: { isLost: boolean }): Promise<void> {
  const newest = await database.row(selectNewest);
  if (newest && !isLost && !keys.some(({ id }) => id === newest.id))
    throw new OperatorError(
      `ARKLOOP_ENCRYPTION_KEYS: lacks key ${newest.id}, with which a process started at ${newest.used_at}; ARKLOOP_ENCRYPTION_KEY_LOST=true starts without it`,
    );
  await database.run(noteUse, { id: keys[0].id });
}
