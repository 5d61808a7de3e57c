import type { Queryable } from '../../database/sql.ts';
import type { Storage } from '../../storage/storage.ts';
import { objectKey } from './key.ts';
import { deleteArriving } from './queries.ts';

/** Removes an attachment that could not be stored, so that it does not count. The row stays if the object may exist. */
export async function discard(db: Queryable, storage: Storage | undefined, one: { accountId: string; id: string }): Promise<void> {
  await storage?.delete(objectKey(one.accountId, one.id));
  await db.run(deleteArriving, one);
}
