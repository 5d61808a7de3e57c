import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';

type Thread = { accountId: string; threadId: string };

const deleteFrom = (table: 'messages' | 'thread_shares' | 'thread_summaries' | 'thread_attachments' | 'thread_stars') =>
  statement<Thread>()((db, $) => db.deleteFrom(table).where('account_id', '=', $.accountId).where('thread_id', '=', $.threadId));

/** A worker removes the events, archived or not; their counts remain with the runs. Also stops workers that are just archiving them. */
const releaseEvents = statement<Thread>()((db, $) =>
  db
    .insertInto('run_event_archives')
    .columns(['run_id', 'account_id', 'state', 'claim_id'])
    .expression((eb) =>
      eb
        .selectFrom('runs as r')
        .select(['r.id', 'r.account_id', sql.lit('removing' as const).as('state'), sql<string>`gen_random_uuid()`.as('claim_id')])
        .where('r.account_id', '=', $.accountId)
        .where('r.thread_id', '=', $.threadId)
        .orderBy('r.id'),
    )
    .onConflict((conflict) =>
      conflict
        .column('run_id')
        .doUpdateSet({ state: sql.lit('removing' as const) })
        .where('run_event_archives.state', '<>', sql.lit('removed' as const)),
    ),
);

/** The content of a thread. Runs remain for statistics, reports for the platform admins. */
const deletions = [
  deleteFrom('messages'),
  deleteFrom('thread_shares'),
  deleteFrom('thread_summaries'),
  deleteFrom('thread_attachments'),
  deleteFrom('thread_stars'),
  releaseEvents,
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
