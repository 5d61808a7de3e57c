import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';

type Threads = { accountIds: readonly string[]; threadIds: readonly string[] };

const deleteFrom = (table: 'messages' | 'thread_shares' | 'thread_summaries' | 'thread_attachments' | 'thread_stars') =>
  statement<Threads>()((db, $) =>
    db.deleteFrom(table).where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('account_id', 'thread_id'),
        'in',
        selectFrom(
          sql<{ account_id: string; thread_id: string }>`unnest(${$.accountIds}::uuid[], ${$.threadIds}::uuid[])`.as<'deleted'>(
            sql`deleted (account_id, thread_id)`,
          ),
        )
          .select(['deleted.account_id', 'deleted.thread_id'])
          .$asTuple('account_id', 'thread_id'),
      ),
    ),
  );

/** The content of a thread. Runs remain for statistics, reports for the platform admins. */
const deletions = [
  deleteFrom('messages'),
  deleteFrom('thread_shares'),
  deleteFrom('thread_summaries'),
  deleteFrom('thread_attachments'),
  deleteFrom('thread_stars'),
];

/** Deletes the content of threads that the transaction has marked as deleted. A worker removes attachments that no thread uses anymore. */
export async function removeContent(tx: Queryable, threads: readonly { account_id: string; id: string }[]): Promise<void> {
  const values = { accountIds: threads.map((thread) => thread.account_id), threadIds: threads.map(({ id }) => id) };
  await Promise.all(deletions.map((each) => tx.run(each, values)));
}
