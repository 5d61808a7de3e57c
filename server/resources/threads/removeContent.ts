import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';

type Thread = { accountId: string; threadId: string };

const deleteFrom = (table: 'messages' | 'thread_shares' | 'thread_summaries' | 'thread_attachments' | 'thread_stars') =>
  statement<Thread>()((db, $) => db.deleteFrom(table).where('account_id', '=', $.accountId).where('thread_id', '=', $.threadId));

/** A worker removes the archived events; their counts remain with the runs. Also stops workers that are just archiving them. */
const releaseArchives = statement<Thread>()((db, $) =>
  db
    .updateTable('run_event_archives')
    .set({ state: sql.lit('removing' as const) })
    .where('account_id', '=', $.accountId)
    .where('run_id', 'in', ({ selectFrom }) =>
      selectFrom('runs as r').select('r.id').where('r.account_id', '=', $.accountId).where('r.thread_id', '=', $.threadId),
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

/**
 * Deletes the content of threads that the transaction has marked as deleted. A worker removes attachments that no thread uses anymore. One thread per
 * statement, because PostgreSQL plans a statement for an array anew each time.
 */
export async function removeContent(tx: Queryable, threads: readonly { account_id: string; id: string }[]): Promise<void> {
  await Promise.all(
    threads.flatMap(({ account_id: accountId, id: threadId }) => deletions.map((each) => tx.run(each, { accountId, threadId }))),
  );
}
