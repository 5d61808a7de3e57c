import { type ExpressionBuilder, expressionBuilder, sql } from 'kysely';
import { createWalk, firstId, inBatches } from '../database/deleting/batches.ts';
import type { Database } from '../database/sql.ts';
import { type Parameters, statement, type WithAlias } from '../database/statement.ts';
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

const isRemovable = (eb: ExpressionBuilder<WithAlias<'attachments', 'a'>, 'a'>) =>
  eb.or([
    eb.and([eb('a.state', '=', sql.lit('kept' as const)), isUnused()]),
    eb.and([eb('a.state', '<>', sql.lit('kept' as const)), eb('a.created_at', '<', sql<string>`now() - interval '24 hours'`)]),
  ]);

type Key = { accountId: string; id: string };

const selectPage = statement<Key & { limit: number }>()((db, $) =>
  db
    .selectFrom('attachments as a')
    .select((eb) => ['a.account_id', 'a.id', isRemovable(eb).as('is_removable')])
    .where(({ eb, refTuple, tuple }) => eb(refTuple('a.account_id', 'a.id'), '>', tuple($.accountId, $.id)))
    .orderBy('a.account_id')
    .orderBy('a.id')
    .limit($.limit),
);

type Keys = { accountIds: readonly string[]; ids: readonly string[] };

const isOneOf = ($: Parameters<Keys>) => {
  const eb = expressionBuilder<WithAlias<'attachments', 'a'>, 'a'>();
  const keys = sql<{ account_id: string; id: string }>`unnest(${$.accountIds}::uuid[], ${$.ids}::uuid[])`;
  return eb(
    eb.refTuple('a.account_id', 'a.id'),
    'in',
    eb
      .selectFrom(keys.as<'keys'>(sql`keys (account_id, id)`))
      .select(['keys.account_id', 'keys.id'])
      .$asTuple('account_id', 'id'),
  );
};

/**
 * A message that references a locked attachment waits, and then fails because it is deleted. Skips attachments that a
 * message has locked.
 */
const lockUnused = statement<Keys>({ bound: 'batch' })((db, $) =>
  db.selectFrom('attachments as a').select(['a.account_id', 'a.id']).where(isOneOf($)).where(isRemovable).forUpdate().skipLocked(),
);

/** Checks for references again, now that none can be added. */
const deleteUnused = statement<Keys>()((db, $) =>
  db.deleteFrom('attachments as a').where(isOneOf($)).where(isUnused()).returning(['a.account_id', 'a.id']),
);

const pageSize = 500;
/** Objects that are deleted in one transaction. */
const batchSize = 100;

const walk = createWalk<Key>({ accountId: firstId, id: firstId });

/**
 * Removes attachments that no message referenced within 24 hours, and those that only deleted threads used. Returns the
 * number of removed objects.
 */
export async function removeAttachments({ database, storage }: { database: Database; storage: Storage | undefined }): Promise<number> {
  if (!storage) return 0;
  let removed = 0;
  const look = async (after: Key) => {
    const page = await database.rows(selectPage, { ...after, limit: pageSize });
    const removable = page.filter(({ is_removable }) => is_removable);
    for (let from = 0; from < removable.length; from += batchSize)
      removed += await removeBatch(database, storage, removable.slice(from, from + batchSize));
    const last = page.at(-1);
    return { count: page.length, last: last ? { accountId: last.account_id, id: last.id } : null };
  };
  await inBatches((limit) => walk(look, limit), pageSize);
  return removed;
}

const keysOf = (rows: readonly { account_id: string; id: string }[]): Keys => ({
  accountIds: rows.map((row) => row.account_id),
  ids: rows.map((row) => row.id),
});

/** Deletes objects before the rows commit: a remaining row causes a retry. */
const removeBatch = (database: Database, storage: Storage, rows: readonly { account_id: string; id: string }[]): Promise<number> =>
  database.transaction(async (tx) => {
    const locked = await tx.rows(lockUnused, keysOf(rows));
    if (locked.length === 0) return 0;
    const unused = await tx.rows(deleteUnused, keysOf(locked));
    for (const { account_id, id } of unused) await storage.delete(objectKey(account_id, id));
    return unused.length;
  });
