import { expressionBuilder, sql } from 'kysely';
import { inBatches } from '../database/deleting/batches.ts';
import type { Database } from '../database/sql.ts';
import { statement, type WithAlias } from '../database/statement.ts';
import { objectKey } from '../resources/attachments/key.ts';
import type { Storage } from '../storage/storage.ts';

function isUnused() {
  const eb = expressionBuilder<WithAlias<'attachments', 'a'>, 'a'>();
  const use = eb
    .selectFrom('thread_attachments as u')
    .select(sql.lit(1).as('one'))
    .whereRef('u.account_id', '=', 'a.account_id')
    .whereRef('u.attachment_id', '=', 'a.id');
  return eb.not(eb.exists(use));
}

/**
 * A message that references a locked attachment waits, and then fails because it is deleted. Skips attachments that a
 * message has locked.
 */
const lockUnused = statement<{ limit: number }>()((db, $) =>
  db
    .selectFrom('attachments as a')
    .select(['a.account_id', 'a.id'])
    .where((eb) =>
      eb.or([
        eb.and([eb('a.state', '=', sql.lit('kept' as const)), isUnused()]),
        eb.and([eb('a.state', '<>', sql.lit('kept' as const)), eb('a.created_at', '<', sql<string>`now() - interval '24 hours'`)]),
      ]),
    )
    .limit($.limit)
    .forUpdate()
    .skipLocked(),
);

/** Checks for references again, now that none can be added. */
const deleteUnused = statement<{ accountIds: readonly string[]; ids: readonly string[] }>()((db, $) =>
  db
    .deleteFrom('attachments as a')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('a.account_id', 'a.id'),
        'in',
        selectFrom(
          sql<{ account_id: string; id: string }>`unnest(${$.accountIds}::uuid[], ${$.ids}::uuid[])`.as<'locked'>(
            sql`locked (account_id, id)`,
          ),
        )
          .select(['locked.account_id', 'locked.id'])
          .$asTuple('account_id', 'id'),
      ),
    )
    .where(isUnused())
    .returning(['a.account_id', 'a.id']),
);

const batch = 100;

/**
 * Removes attachments that no message referenced within 24 hours, and those that only deleted threads used. Returns the
 * number of removed objects.
 */
export async function removeAttachments({ database, storage }: { database: Database; storage: Storage | undefined }): Promise<number> {
  return storage ? inBatches(() => removeBatch(database, storage), batch) : 0;
}

/** Deletes objects before the rows commit: a remaining row causes a retry. */
const removeBatch = (database: Database, storage: Storage): Promise<number> =>
  database.transaction(async (tx) => {
    const locked = await tx.rows(lockUnused, { limit: batch });
    if (locked.length === 0) return 0;
    const unused = await tx.rows(deleteUnused, { accountIds: locked.map((row) => row.account_id), ids: locked.map((row) => row.id) });
    for (const { account_id, id } of unused) await storage.delete(objectKey(account_id, id));
    return unused.length;
  });
