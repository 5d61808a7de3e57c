import type { Database } from '../../database/sql.ts';
import type { ArchivePart } from '../../resources/runs/entity.ts';
import type { Storage } from '../../storage/storage.ts';
import { partKey } from '../follow/archiveFormat.ts';
import { countEventBytes } from './eventBytes.ts';
import * as queries from './queries.ts';

const batch = 100;

/**
 * Removes the events of deleted threads, and archived ones of runs that are older than `months` months. Returns the number of runs.
 */
export async function removeArchives(
  { database, storage }: { database: Database; storage: Storage | undefined },
  { months }: { months: number },
  at?: Date,
): Promise<number> {
  const retention = { months, at: at?.toISOString() ?? null };
  let removed = 0;
  for (const lock of storage ? [queries.lockRemovable, queries.lockExpired] : [])
    for (let found = batch; storage && found === batch; removed += found) found = await removeBatch(database, storage, lock, retention);
  return removed;
}

/** Deletes objects before the rows commit: a remaining row causes a retry. */
const removeBatch = (
  database: Database,
  storage: Storage,
  lock: typeof queries.lockRemovable | typeof queries.lockExpired,
  retention: queries.Retention,
): Promise<number> =>
  database.transaction(async (tx) => {
    const archives = await tx.rows(lock, { ...retention, limit: batch });
    for (const { run_id: runId, account_id: accountId, parts, is_counted: isCounted } of archives) {
      await removeParts(storage, { accountId, runId }, parts);
      await tx.run(isCounted ? queries.markRemoved : queries.deleteArchive, { runId });
    }
    // All at once, in the order of all that lock several runs.
    if (archives.length > 0) await tx.row(countEventBytes, { runIds: archives.map(({ run_id: runId }) => runId) });
    return archives.length;
  });

/** Removes the objects of a run. Without a list of its parts, those that exist. The last one first, so that the rest is found if this is interrupted. */
export async function removeParts(
  storage: Storage,
  run: { accountId: string; runId: string },
  parts: readonly ArchivePart[] | null,
): Promise<void> {
  let count = parts?.length ?? 0;
  while (parts === null && (await exists(storage, partKey(run, count + 1)))) count += 1;
  for (; count > 0; count -= 1) await storage.delete(partKey(run, count));
}

async function exists(storage: Storage, key: string): Promise<boolean> {
  const object = await storage.get(key);
  object?.close();
  return object !== undefined;
}
