import { expressionBuilder, sql } from 'kysely';
import type { StorageQuotaName } from '../../contract/shared/quotas.ts';
import { inBatches } from '../database/deleting/batches.ts';
import type { Database } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';
import { removeContent } from '../resources/threads/removeContent.ts';

/** Permanently closed accounts that still use something of a quota. */
const closedAccounts = (quota: StorageQuotaName) =>
  expressionBuilder<Tables>()
    .selectFrom('quota_usage as q')
    .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'q.account_id').on('a.deleted_at', 'is not', null))
    .select('q.account_id')
    .where('q.quota', '=', sql.lit(quota))
    .where('q.used', '>', sql.lit(0));

const batch = 100;

// The order makes the planner use the index of the accounts.
const deleteThreads = statement({ bound: 'batch' })((db) =>
  db
    .updateTable('threads')
    .set({ deleted_at: sql`now()` })
    .where(({ selectFrom }) => {
      const some = selectFrom('threads as t')
        .select('t.id')
        .where('t.account_id', '=', sql<string>`any (array(${closedAccounts('messages')}))`)
        .where('t.deleted_at', 'is', null)
        .orderBy('t.account_id')
        .orderBy('t.id')
        .limit(sql.lit(batch))
        .forUpdate()
        .skipLocked();
      return sql<boolean>`id = any (array(${some}))`;
    })
    .returning(['account_id', 'id']),
);

/** The next sweeps then remove all files of a closed account. */
const releaseWorkspaces = statement()((db) =>
  db
    .updateTable('workspaces')
    .set({ leftovers_since: sql`'-infinity'` })
    .where('account_id', 'in', closedAccounts('workspaces')),
);

/** With their files. */
const deleteSkills = statement()((db) =>
  db.deleteFrom('skills').where(({ eb, refTuple, selectFrom }) =>
    eb(
      refTuple('account_id', 'id'),
      'in',
      selectFrom('skills as s')
        .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 's.account_id').on('a.deleted_at', 'is not', null))
        .select(['s.account_id', 's.id'])
        .limit(sql.lit(batch))
        .forUpdate('s')
        .skipLocked()
        .$asTuple('account_id', 'id'),
    ),
  ),
);

/** The ledger and the usage records stay. */
const deleteCompletions = statement<{ limit: number }>()((db, $) =>
  db.deleteFrom('chat_completions').where(({ selectFrom }) => {
    const closed = selectFrom('accounts').select('id').where('deleted_at', 'is not', null);
    const some = selectFrom('chat_completions as c')
      .select(sql`c.ctid`.as('ctid'))
      .where('c.account_id', '=', sql<string>`any (array(${closed}))`)
      .where('c.status', '<>', sql.lit('running' as const))
      .orderBy('c.account_id')
      .orderBy('c.ended_at')
      .limit($.limit);
    return sql<boolean>`ctid = any (array(${some}))`;
  }),
);

/**
 * Removes what closed accounts store: threads, skills and chat completions here, files by the sweeps that follow. Returns the number of removed
 * threads.
 */
export async function emptyClosedAccounts(database: Database): Promise<number> {
  await inBatches(() => database.run(deleteSkills), batch);
  await inBatches((limit) => database.run(deleteCompletions, { limit }));
  await database.run(releaseWorkspaces);
  const removeThreads = () =>
    database.transaction(async (tx) => {
      const threads = await tx.rows(deleteThreads);
      if (threads.length > 0) await removeContent(tx, threads);
      return threads.length;
    });
  return inBatches(removeThreads, batch);
}
