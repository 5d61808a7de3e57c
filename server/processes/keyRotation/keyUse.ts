import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import type { Log } from '../../platform/telemetry/log.ts';

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
 * Notes the key that this process seals with. Logs one line if the ring lacks the key that other processes seal with: a ring that is not complete yet, or
 * processes with different keys.
 */
export async function checkKeyUse(database: Queryable, { keys }: Keyring, log: Pick<Log, 'error'>): Promise<void> {
  const newest = await database.row(selectNewest);
  if (newest && !keys.some(({ id }) => id === newest.id))
    log.error(
      `ARKLOOP_ENCRYPTION_KEYS: lacks key ${newest.id}, with which a process started at ${newest.used_at}; this process cannot open values sealed with it`,
    );
  await database.run(noteUse, { id: keys[0].id });
}
