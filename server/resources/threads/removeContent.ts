import { expressionBuilder, sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type Parameters, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';

type Threads = { accountIds: readonly string[]; threadIds: readonly string[] };

const deletedThreads = ($: Parameters<Threads>) =>
  expressionBuilder<Tables>()
    .selectFrom(
      sql<{ account_id: string; thread_id: string }>`unnest(${$.accountIds}::uuid[], ${$.threadIds}::uuid[])`.as<'deleted'>(
        sql`deleted (account_id, thread_id)`,
      ),
    )
    .select(['deleted.account_id', 'deleted.thread_id'])
    .$asTuple('account_id', 'thread_id');

const deleteFrom = (table: 'messages' | 'thread_shares' | 'thread_summaries' | 'thread_attachments' | 'thread_stars') =>
  statement<Threads>()((db, $) =>
    db.deleteFrom(table).where(({ eb, refTuple }) => eb(refTuple('account_id', 'thread_id'), 'in', deletedThreads($))),
  );

/** A worker removes the archived events; their counts remain with the runs. Also stops workers that are just archiving them. */
const releaseArchives = statement<Threads>()((db, $) =>
  db
    .updateTable('run_event_archives')
    .set({ state: sql.lit('removing' as const) })
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('account_id', 'run_id'),
        'in',
        selectFrom('runs as r')
          .select(['r.account_id', 'r.id'])
          .where((of) => of(of.refTuple('r.account_id', 'r.thread_id'), 'in', deletedThreads($)))
          .$asTuple('account_id', 'id'),
      ),
    )
    .where('state', '<>', sql.lit('removed' as const)),
);

/** The content of a thread. Runs remain for statistics, reports for the platform admins. */
const deletions = [
  deleteFrom('messages'),
  deleteFrom('thread_shares'),
  deleteFrom('thread_summaries'),
  deleteFrom('thread_attachments'),
  deleteFrom('thread_stars'),
  releaseArchives,
];

/** Deletes the content of threads that the transaction has marked as deleted. A worker removes attachments that no thread uses anymore. */
export async function removeContent(tx: Queryable, threads: readonly { account_id: string; id: string }[]): Promise<void> {
  const values = { accountIds: threads.map((thread) => thread.account_id), threadIds: threads.map(({ id }) => id) };
  await Promise.all(deletions.map((each) => tx.run(each, values)));
}
