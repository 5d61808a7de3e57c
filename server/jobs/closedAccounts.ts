import { type Database, statement } from '../kernel/sql.ts';
import { removeContent } from '../resources/threads/content.ts';

/** Accounts are closed for good; those that still store something of a quota `$1`. */
const closed = `select q.account_id from quota_usage q join accounts a on a.id = q.account_id and a.deleted_at is not null
  where q.quota = $1 and q.used > 0`;

const deleteThreads = statement<{ account_id: string; id: string }>(`
  update threads set deleted_at = now() where (account_id, id) in (
    select t.account_id, t.id from threads t where t.account_id in (${closed}) and t.deleted_at is null limit $2 for update skip locked)
  returning account_id, id`);

/** Sweeps of workspaces remove everything of a closed account. */
const releaseWorkspaces = statement<never>(`update workspaces set leftovers_since = '-infinity' where account_id in (${closed})`);

const batch = 100;

/** Remove what closed accounts store: their threads here, their files by the sweeps that follow. Gives how many threads were removed. */
export async function emptyClosedAccounts(database: Database): Promise<number> {
  await database.run(releaseWorkspaces, ['workspaces']);
  let removed = 0;
  for (let found = batch; found === batch; removed += found)
    found = await database.transaction(async (tx) => {
      const threads = await tx.rows(deleteThreads, ['messages', batch]);
      if (threads.length > 0) await removeContent(tx, threads);
      return threads.length;
    });
  return removed;
}
