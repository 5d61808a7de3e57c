import { type Sql, statement } from '../../kernel/sql.ts';

const ofThreads = `(account_id, thread_id) in (select * from unnest($1::uuid[], $2::uuid[]))`;

/** All that a thread holds. Its runs stay for the statistics, its reports for those who read them. */
const deletions = ['messages', 'thread_shares', 'thread_summaries', 'thread_attachments', 'thread_stars'].map((table) =>
  statement<never>(`delete from ${table} where ${ofThreads}`),
);

/** Removes the content of threads that are marked as deleted, in the same transaction. What attachments no thread uses is removed by the worker. */
export async function removeContent(tx: Sql, threads: readonly { account_id: string; id: string }[]): Promise<void> {
  const values = [threads.map(({ account_id: accountId }) => accountId), threads.map(({ id }) => id)];
  await Promise.all(deletions.map((each) => tx.run(each, values)));
}
