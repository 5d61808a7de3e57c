import { type Database, statement } from '../kernel/sql.ts';
import type { Storage } from '../kernel/storage.ts';
import { objectKey } from '../resources/attachments/key.ts';

const isUnused = 'not exists (select from thread_attachments u where u.account_id = a.account_id and u.attachment_id = a.id)';

/** Locked, so that a message that names one waits and then finds it gone; one that a message has locked is left for the next time. */
const lockUnused = statement<{ account_id: string; id: string }>(`
  select a.account_id, a.id from attachments a
  where (a.state = 'kept' and ${isUnused}) or (a.state <> 'kept' and a.created_at < now() - interval '24 hours') limit $1 for update skip locked`);

/** Asked again, now that nobody can begin to use one. */
const deleteUnused = statement<{ account_id: string; id: string }>(`
  delete from attachments a where (a.account_id, a.id) in (select * from unnest($1::uuid[], $2::uuid[])) and ${isUnused} returning a.account_id, a.id`);

const batch = 100;

/** Remove what nobody named within a day, and what only threads that are gone have used. Gives how many objects were removed. */
export async function removeAttachments({ database, storage }: { database: Database; storage: Storage | undefined }): Promise<number> {
  let removed = 0;
  for (let found = batch; storage && found === batch; removed += found) found = await removeBatch(database, storage);
  return removed;
}

/** An object goes before its row does for good: a row that is still there is the promise to try again. */
const removeBatch = (database: Database, storage: Storage): Promise<number> =>
  database.transaction(async (tx) => {
    const locked = await tx.rows(lockUnused, [batch]);
    if (locked.length === 0) return 0;
    const unused = await tx.rows(deleteUnused, [locked.map((row) => row.account_id), locked.map((row) => row.id)]);
    for (const { account_id, id } of unused) await storage.delete(objectKey(account_id, id));
    return unused.length;
  });
