import { expressionBuilder, sql } from 'kysely';
import type { StorageQuotaName } from '../../contract/shared/quotas.ts';
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

const deleteThreads = statement()((db) =>
  db
    .updateTable('threads')
    .set({ deleted_at: sql`now()` })
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('account_id', 'id'),
        'in',
        selectFrom('threads as t')
          .select(['t.account_id', 't.id'])
          .where('t.account_id', 'in', closedAccounts('messages'))
          .where('t.deleted_at', 'is', null)
          .limit(sql.lit(batch))
          .forUpdate()
          .skipLocked()
          .$asTuple('account_id', 'id'),
      ),
    )
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

const completionBatch = 5_000;

/** The ledger and the usage records stay. */
const deleteCompletions = statement()((db) =>
  db.deleteFrom('chat_completions').where(({ eb, refTuple, selectFrom }) =>
    eb(
      refTuple('account_id', 'id'),
      'in',
      selectFrom('chat_completions as c')
        .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'c.account_id').on('a.deleted_at', 'is not', null))
        .select(['c.account_id', 'c.id'])
        .where('c.status', '<>', sql.lit('running' as const))
        .limit(sql.lit(completionBatch))
        .$asTuple('account_id', 'id'),
    ),
  ),
);

/**
 * Removes what closed accounts store: threads, skills and chat completions here, files by the sweeps that follow. Returns the number of removed
 * threads.
 */
export async function emptyClosedAccounts(database: Database): Promise<number> {
  while ((await database.run(deleteSkills)) === batch);
  while ((await database.run(deleteCompletions)) === completionBatch);
  await database.run(releaseWorkspaces);
  let removed = 0;
  for (let found = batch; found === batch; removed += found)
    found = await database.transaction(async (tx) => {
      const threads = await tx.rows(deleteThreads);
      if (threads.length > 0) await removeContent(tx, threads);
      return threads.length;
    });
  return removed;
}
